{{ config(materialized='table') }}

{{ row_issues(source('ecoles_attributs', 'bce_et_dates'), [
    required('cliche', is_date('cliche', 'yyyy-MM-dd'), "date du cliché illisible dans le nom du fichier"),
    required('identifier', is_bce_number('identifier'), "numéro BCE absent ou faux (chiffres de contrôle)"),
    optional('startdate', is_date('startdate', 'dd-MM-yyyy'), "date de début impossible"),
]) }}
