{{ config(materialized='table') }}

{{ row_issues(source('eleves_par_commune', 'eleves_domicile_bxl'), [
    required('annee', is_code('annee', '[1-9][0-9]{3}'), "année illisible dans le nom du fichier"),
    required(
        'lieu_de_domicile',
        'lower(' ~ clean_text('lieu_de_domicile') ~ ") in ('maternelle', 'primaire')",
        "niveau absent ou inconnu"
    ),
    optional('c_1000', is_integer('c_1000'), "nombre d'élèves illisible"),
    optional('c_1020', is_integer('c_1020'), "nombre d'élèves illisible"),
    optional('c_1030', is_integer('c_1030'), "nombre d'élèves illisible"),
    optional('c_1040', is_integer('c_1040'), "nombre d'élèves illisible"),
    optional('c_1050', is_integer('c_1050'), "nombre d'élèves illisible"),
    optional('c_1060', is_integer('c_1060'), "nombre d'élèves illisible"),
    optional('c_1070', is_integer('c_1070'), "nombre d'élèves illisible"),
    optional('c_1080', is_integer('c_1080'), "nombre d'élèves illisible"),
    optional('c_1081', is_integer('c_1081'), "nombre d'élèves illisible"),
    optional('c_1082', is_integer('c_1082'), "nombre d'élèves illisible"),
    optional('c_1083', is_integer('c_1083'), "nombre d'élèves illisible"),
    optional('c_1090', is_integer('c_1090'), "nombre d'élèves illisible"),
    optional('c_1120', is_integer('c_1120'), "nombre d'élèves illisible"),
    optional('c_1130', is_integer('c_1130'), "nombre d'élèves illisible"),
    optional('c_1140', is_integer('c_1140'), "nombre d'élèves illisible"),
    optional('c_1150', is_integer('c_1150'), "nombre d'élèves illisible"),
    optional('c_1160', is_integer('c_1160'), "nombre d'élèves illisible"),
    optional('c_1170', is_integer('c_1170'), "nombre d'élèves illisible"),
    optional('c_1180', is_integer('c_1180'), "nombre d'élèves illisible"),
    optional('c_1190', is_integer('c_1190'), "nombre d'élèves illisible"),
    optional('c_1200', is_integer('c_1200'), "nombre d'élèves illisible"),
    optional('c_1210', is_integer('c_1210'), "nombre d'élèves illisible"),
    optional('total', is_integer('total'), "nombre d'élèves illisible"),
]) }}
