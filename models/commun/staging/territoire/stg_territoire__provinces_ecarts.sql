{{ config(materialized='table') }}

{{ row_issues(source('territoire', 'provinces'), [
    required('id', is_code('id', '[0-9]{5}'), "code NIS absent ou illisible"),
    required('name_fr', none, "nom français absent"),
    optional('region', is_code('region', '[0-9]{5}'), "code de la région illisible"),
]) }}
