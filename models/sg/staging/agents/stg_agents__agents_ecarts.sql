{{ config(materialized='table') }}

{{ row_issues(source('agents', 'agents'), [
    required('matricule', is_code('matricule', '[0-9]{5}'), "matricule absent ou illisible"),
    required('annee', is_integer('annee'), "année illisible"),
    optional('date_de_naissance', is_date('date_de_naissance', 'yyyy-MM-dd'), "date de naissance impossible"),
    optional('bareme', is_code('bareme', '[0-9]{3}/[0-9]s?'), "échelle barémique illisible"),
    optional('anciennete', is_integer('anciennete'), "ancienneté illisible"),
    optional('temps_de_travail', is_decimal('temps_de_travail', 4, 2), "temps de travail illisible"),
    optional('date_d_entree_en_fonction', is_date('date_d_entree_en_fonction', 'yyyy-MM-dd'), "date d'entrée impossible"),
]) }}
