{{ config(materialized='table') }}

{{ issues(source('conges', 'jours_feries')) }}
