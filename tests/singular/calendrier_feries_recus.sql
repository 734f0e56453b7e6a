{{ config(
    group='commun',
    severity='warn',
    meta={'dagster': {'ref': {'name': 'int_calendrier__jours_feries'}}}
) }}

-- The computed public holidays against the received ones, in the years that both know. Easter and Pentecost
-- Sundays are no legal holidays: a source may give them or not.
with recus as (
    select debut as jour
    from {{ ref('stg_conges__jours_feries') }}
    where genre = 'Public'
    group by debut
),

annees as (
    select cast(extract(year from jour) as integer) as annee
    from recus
    group by cast(extract(year from jour) as integer)
),

calcules as (
    select
        feries.jour,
        min(feries.nature) as nature
    from {{ ref('int_calendrier__jours_feries') }} as feries
    inner join annees on cast(extract(year from feries.jour) as integer) = annees.annee
    where feries.nature in ('legal', 'dominical')
    group by feries.jour
)

select
    recus.jour as jour_recu,
    calcules.jour as jour_calcule
from recus
full outer join calcules on recus.jour = calcules.jour
where
    calcules.jour is null
    or (recus.jour is null and calcules.nature = 'legal')
