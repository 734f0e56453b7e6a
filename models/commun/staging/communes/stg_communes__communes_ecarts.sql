{{ config(materialized='table') }}

{{ row_issues(source('communes', 'communes'), [
    required('nis_code', is_code('nis_code', '[0-9]{5}'), "code NIS absent ou illisible"),
    required('annee', is_integer('annee'), "année absente ou illisible"),
    optional('inhabitants', is_integer('inhabitants', [',', ' ']), "nombre d'habitants illisible"),
    optional('zip', is_code('zip', '[1-9][0-9]{3}'), "code postal illisible"),
]) }}
