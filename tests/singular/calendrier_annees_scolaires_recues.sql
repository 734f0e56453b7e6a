{{ config(
    group='commun',
    severity='warn',
    meta={'dagster': {'ref': {'name': 'int_calendrier__annees_scolaires'}}}
) }}

-- Where the table of school years and the received summers differ: dim_calendrier follows the received ones.
select
    annee_scolaire,
    debut_table,
    debut_recu,
    fin_table,
    fin_recue
from {{ ref('int_calendrier__annees_scolaires') }}
where
    debut_recu <> debut_table
    or fin_recue <> fin_table
