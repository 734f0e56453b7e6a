{{ config(materialized='table') }}

{{ issues(source('index', 'index_traitements')) }}
