{{ config(materialized='table') }}

{{ row_issues(source('$source', '$table'), [
    required('$raw_key', none, "À compléter : ce que la clé a de faux"),
]) }}
