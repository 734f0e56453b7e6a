{{ config(materialized='table') }}

{{ row_issues(source('conges', 'conges_scolaires'), [
    required('id', none, "identifiant absent"),
    required('startdate', is_date('startdate'), "premier jour absent ou impossible"),
    optional('enddate', is_date('enddate'), "dernier jour impossible"),
    optional('names', "names like 'FR %,%'", "nom français introuvable"),
]) }}
