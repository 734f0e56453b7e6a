{{ config(materialized='table') }}

{{ issues(source('communes', 'communes')) }}
