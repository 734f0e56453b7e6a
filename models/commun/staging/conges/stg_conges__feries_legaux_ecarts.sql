{{ config(materialized='table') }}

{{ issues(source('conges', 'feries_legaux')) }}
