{{ config(materialized='table') }}

{{ row_issues(source('signaletique_fase', 'signaletique_fase'), [
    required('extraction', is_date('extraction', 'yyyy-MM-dd'), "date d'extraction illisible dans le nom du fichier"),
    required('n_fase_de_l_etablissement', is_integer('n_fase_de_l_etablissement'), "numéro FASE de l'établissement absent ou illisible"),
    required('n_fase_de_l_implantation', is_integer('n_fase_de_l_implantation'), "numéro FASE de l'implantation absent ou illisible"),
    required('type_d_enseignement', none, "type d'enseignement absent"),
    required('n_fase_du_p_o', is_integer('n_fase_du_p_o'), "numéro FASE du pouvoir organisateur absent ou illisible"),
    optional('numero_bce_de_l_etablissement', is_bce_number('numero_bce_de_l_etablissement'), "numéro BCE faux (chiffres de contrôle)"),
    optional('n_bce_du_p_o', is_bce_number('n_bce_du_p_o'), "numéro BCE faux (chiffres de contrôle)"),
    optional('code_postal_de_l_etablissement', is_code('code_postal_de_l_etablissement', '[1-9][0-9]{3}'), "code postal illisible"),
    optional('code_postal_de_l_implantation', is_code('code_postal_de_l_implantation', '[1-9][0-9]{3}'), "code postal illisible"),
    optional('code_postal_du_p_o', is_code('code_postal_du_p_o', '[1-9][0-9]{3}'), "code postal illisible"),
    optional('latitude', is_decimal('latitude', 9, 6, round=true), "latitude illisible"),
    optional('longitude', is_decimal('longitude', 9, 6, round=true), "longitude illisible"),
    known('niveau', ['Fondamental', 'Secondaire', 'Supérieur'], "niveau inconnu, gardé tel quel"),
    known('genre', ['Ordinaire', 'Spécialisé'], "genre inconnu, gardé tel quel"),
    known('reseau', school_networks(), "réseau inconnu, gardé tel quel"),
    known('type_d_enseignement', education_types(), "type d'enseignement inconnu, gardé tel quel"),
]) }}
