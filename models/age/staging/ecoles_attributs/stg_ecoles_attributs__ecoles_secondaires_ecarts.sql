{{ config(materialized='table') }}

{{ row_issues(source('ecoles_attributs', 'ecoles_secondaires'), [
    required('cliche', is_date('cliche', 'yyyy-MM-dd'), "date du cliché illisible dans le nom du fichier"),
    required('ecole', is_school_key('ecole'), "clé d'école absente ou illisible"),
]) }}
