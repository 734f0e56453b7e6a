{{ config(materialized='table') }}

{{ issues(source('refnis', 'refnis')) }}
