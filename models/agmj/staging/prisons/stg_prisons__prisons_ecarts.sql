{{ config(materialized='table') }}

{{ issues(source('prisons', 'prisons')) }}
