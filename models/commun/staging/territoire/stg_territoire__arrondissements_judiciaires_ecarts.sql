{{ config(materialized='table') }}

{{ issues(source('territoire', 'arrondissements_judiciaires')) }}
