{{ config(materialized='table') }}

{{ row_issues(source('conges', 'conges_scolaires'), [
    required('id', none, "identifiant absent"),
    required('startdate', is_date('startdate'), "premier jour absent ou impossible"),
    optional('enddate', is_date('enddate'), "dernier jour impossible"),
    optional('names', "names like 'FR %,%'", "nom français introuvable"),
], rows=corrected(
    source('conges', 'conges_scolaires'), 'conges.conges_scolaires', ref('corrections_commun'), key='startdate',
    columns=['id', 'country', 'startdate', 'enddate', 'type', 'names', 'ounits', 'comments', 'cliche']
)) }}
