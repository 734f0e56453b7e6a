{{ config(materialized='table') }}

{{ issues(source('agents', 'agents')) }}
