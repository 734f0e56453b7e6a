{{ config(materialized='table') }}

{{ row_issues(source('population_scolaire', 'population_scolaire'), [
    exclude('n_fase_de_l_implantation', is_code('n_fase_de_l_implantation', '[Tt][Oo][Tt][Aa][Ll]'), "ligne de total"),
    required('annee_scolaire', is_code('annee_scolaire', '[0-9]{4}-[0-9]{4}'), "année scolaire absente ou illisible"),
    required('n_fase_de_l_etablissement', is_integer('n_fase_de_l_etablissement'), "numéro FASE de l'établissement absent ou illisible"),
    required('n_fase_de_l_implantation', is_integer('n_fase_de_l_implantation'), "numéro FASE de l'implantation absent ou illisible"),
    required('niveau', none, "niveau absent"),
    required('genre', none, "genre absent"),
    required('annee_d_etudes', is_integer('annee_d_etudes'), "année d'études absente ou illisible"),
    required('sexe', none, "sexe absent"),
    required('nombre_d_eleves', is_integer('nombre_d_eleves'), "nombre d'élèves absent ou illisible"),
    known('niveau', ['Maternel', 'Primaire', 'Secondaire'], "niveau inconnu, gardé tel quel"),
    known('genre', ['Ordinaire', 'Spécialisé'], "genre inconnu, gardé tel quel"),
    known('sexe', ['F', 'M'], "sexe inconnu, gardé tel quel"),
]) }}
