{{ config(materialized='table') }}

{{ row_issues(source('indice_socio_economique', 'indice_socio_economique'), [
    required('edition', "edition = 'v0' or " ~ is_integer('edition'), "édition absente du nom du fichier"),
    required('etablissement', is_integer('etablissement'), "numéro FASE de l'établissement absent ou illisible"),
    required('implantation', is_integer('implantation'), "numéro FASE de l'implantation absent ou illisible"),
    required('classe', is_ise_class('classe'), "classe absente, ou ni de 1 à 20 ni deux classes jointes par « et »"),
    optional('classe', is_single_ise_class('classe'), "implantation à cheval sur deux classes : classe nulle, voir classe_basse et classe_haute"),
]) }}
