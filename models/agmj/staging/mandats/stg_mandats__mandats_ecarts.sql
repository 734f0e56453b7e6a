{{ config(materialized='table') }}

{{ row_issues(source('mandats', 'mandats'), [
    required('n_de_mandat', none, "numéro de mandat absent"),
    required('identifiant_du_justiciable', none, "identifiant du justiciable absent"),
    required('maison_de_justice', none, "maison de justice absente"),
    required('date_de_reception', is_date('date_de_reception', 'yyyy-MM-dd'), "date de réception absente ou impossible"),
    required('annee', is_integer('annee'), "année illisible"),
    optional('code_postal_du_domicile', is_code('code_postal_du_domicile', '[1-9][0-9]{3}'), "code postal illisible"),
    optional('date_de_cloture', is_date('date_de_cloture', 'yyyy-MM-dd'), "date de clôture impossible"),
]) }}
