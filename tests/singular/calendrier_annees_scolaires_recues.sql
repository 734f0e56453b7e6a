{{ config(
    group='commun',
    meta={'dagster': {'ref': {'name': 'int_calendrier__annees_scolaires'}}}
) }}

-- The school years of the seed leave, between two of them, exactly the summer holidays that were received.
with recues as (
    select
        debut,
        fin
    from {{ ref('stg_conges__conges_scolaires') }}
    where
        nom like 'Vacances d''été%'
        and fin is not null
    group by debut, fin
),

connues as (
    select
        {{ add_days('fin', 1) }} as debut,
        fin_vacances as fin
    from {{ ref('int_calendrier__annees_scolaires') }}
)

select
    recues.debut,
    recues.fin
from recues
left join connues
    on
        recues.debut = connues.debut
        and recues.fin = connues.fin
where connues.debut is null
