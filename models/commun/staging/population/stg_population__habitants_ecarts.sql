{{ config(materialized='table') }}

{{ row_issues(source('population', 'population'), [
    exclude('nis', is_code('nis', '(0[1-4]|[1-9][0-9])000|2000[12]'), "total d'un arrondissement, d'une province ou d'une région"),
    required('nis', is_code('nis', '[0-9]{5}'), "code NIS absent ou illisible"),
    required('sex', is_code('sex', '[FM]'), "sexe absent ou autre que F et M"),
    required('age', is_integer('age'), "classe d'âge absente ou illisible"),
    required('quantity', is_integer('quantity'), "nombre d'habitants absent ou illisible"),
    required('annee', is_integer('annee'), "année absente ou illisible"),
]) }}
