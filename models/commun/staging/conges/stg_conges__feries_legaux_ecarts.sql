{{ config(materialized='table') }}

{{ row_issues(source('conges', 'feries_legaux'), [
    required('id', none, "identifiant absent"),
    required('rule_type', is_code('rule_type', 'fixed|easter'), "règle absente ou inconnue"),
    optional('rule_month', is_integer('rule_month'), "mois illisible"),
    optional('rule_day', is_integer('rule_day'), "jour illisible"),
    optional('rule_daysaftereaster', is_integer('rule_daysaftereaster'), "nombre de jours illisible"),
]) }}
