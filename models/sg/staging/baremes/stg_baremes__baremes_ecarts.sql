{{ config(materialized='table') }}

{{ issues(source('baremes', 'baremes')) }}
