{{ config(materialized='table') }}

{{ issues(source('territoire', 'provinces')) }}
