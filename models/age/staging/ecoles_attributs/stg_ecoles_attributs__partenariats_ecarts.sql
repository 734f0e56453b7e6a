{{ config(materialized='table') }}

{{ row_issues(source('ecoles_attributs', 'partenariats'), [
    required('cliche', is_date('cliche', 'yyyy-MM-dd'), "date du cliché illisible dans le nom du fichier"),
    required('sec', is_school_key('sec'), "clé de l'école secondaire absente ou illisible"),
    required('prim', is_school_key('prim'), "clé de l'école primaire absente ou illisible"),
    optional('date', is_date('date', 'yyyy-MM-dd'), "date de partenariat impossible"),
]) }}
