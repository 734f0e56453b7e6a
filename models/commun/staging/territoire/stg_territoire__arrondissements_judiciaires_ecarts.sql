{{ config(materialized='table') }}

{{ row_issues(source('territoire', 'arrondissements_judiciaires'), [
    required('id', none, "identifiant absent"),
    required('name_fr', none, "nom français absent"),
]) }}
