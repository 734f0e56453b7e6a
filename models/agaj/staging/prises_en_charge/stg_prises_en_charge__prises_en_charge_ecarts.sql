{{ config(materialized='table') }}

{{ row_issues(source('prises_en_charge', 'prises_en_charge'), [
    required('n_de_prise_en_charge', none, "numéro de prise en charge absent"),
    required('identifiant_du_jeune', none, "identifiant du jeune absent"),
    required('date_de_debut', is_date('date_de_debut', 'dd/MM/yyyy'), "début absent ou impossible"),
    required('annee', is_integer('annee'), "année illisible"),
    optional('date_de_naissance', is_date('date_de_naissance', 'dd/MM/yyyy'), "date de naissance illisible"),
    optional('sexe', is_code('sexe', '[FMX]'), "ni F, ni M, ni X"),
    optional('code_nis_de_la_commune', is_code('code_nis_de_la_commune', '[1-9][0-9]{4}'), "code NIS illisible"),
    optional('date_de_fin', is_date('date_de_fin', 'dd/MM/yyyy'), "fin impossible"),
]) }}
