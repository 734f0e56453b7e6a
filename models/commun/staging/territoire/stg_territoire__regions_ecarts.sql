{{ config(materialized='table') }}

{{ issues(source('territoire', 'regions')) }}
