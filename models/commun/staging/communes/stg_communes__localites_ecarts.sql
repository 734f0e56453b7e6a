{{ config(materialized='table') }}

{{ issues(source('communes', 'localites')) }}
