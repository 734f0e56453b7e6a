{{ config(materialized='table') }}

{{ issues(source('population', 'population')) }}
