{{ config(
    group='commun',
    severity='warn',
    meta={'dagster': {'ref': {'name': 'annees_scolaires'}}}
) }}

-- The rule of the decree, on every year of the seed: from 1 September to 30 June until 2021-2022, then from
-- the last Monday of August to the first Friday of July.
with annees as (
    select
        annees_scolaires.annee_scolaire,
        annees_scolaires.debut,
        annees_scolaires.fin,
        jours_debut.jour_de_semaine as jour_debut,
        jours_fin.jour_de_semaine as jour_fin,
        cast(substr(annees_scolaires.annee_scolaire, 1, 4) as integer) as annee
    from {{ ref('annees_scolaires') }} as annees_scolaires
    left join {{ ref('int_calendrier__jours') }} as jours_debut on annees_scolaires.debut = jours_debut.jour
    left join {{ ref('int_calendrier__jours') }} as jours_fin on annees_scolaires.fin = jours_fin.jour
)

select * from annees
where
    case
        when annee <= 2021 and debut <> {{ make_day('annee', 9, 1) }} then 1
        when annee <= 2021 and fin <> {{ make_day('annee + 1', 6, 30) }} then 1
        when annee > 2021 and (jour_debut <> 1 or jour_fin <> 5) then 1
        when annee > 2021 and debut <= {{ make_day('annee', 8, 24) }} then 1
        when annee > 2021 and debut >= {{ make_day('annee', 9, 1) }} then 1
        when annee > 2021 and fin <= {{ make_day('annee + 1', 6, 30) }} then 1
        when annee > 2021 and fin >= {{ make_day('annee + 1', 7, 8) }} then 1
        else 0
    end = 1
