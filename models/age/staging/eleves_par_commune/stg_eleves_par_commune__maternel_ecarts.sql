{{ config(materialized='table') }}

{{ row_issues(source('eleves_par_commune', 'eleves_maternel'), [
    exclude('nis', is_code('nis', '3000'), "total de la Wallonie"),
    required('annee', is_code('annee', '[1-9][0-9]{3}'), "année illisible dans le nom du fichier"),
    required('nis', is_code('nis', '[0-9]{5}'), "code NIS absent ou illisible"),
    required('eleves', is_integer('eleves'), "nombre d'élèves absent ou illisible"),
]) }}
