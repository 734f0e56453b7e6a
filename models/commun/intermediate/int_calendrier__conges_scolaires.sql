with conges as (
    select * from {{ ref('stg_conges__conges_scolaires') }}
),

jours as (
    select * from {{ ref('int_calendrier__jours') }}
),

-- The same holiday comes back in every version received.
periodes as (
    select
        debut,
        coalesce(fin, debut) as fin,
        min(nom) as nom
    from conges
    group by debut, coalesce(fin, debut)
),

-- The received calendar says nothing of the days before its first holiday and after its last.
couverture as (
    select
        min(debut) as debut,
        max(fin) as fin
    from periodes
),

noms as (
    select
        jours.jour,
        min(periodes.nom) as nom
    from jours
    inner join periodes on jours.jour between periodes.debut and periodes.fin
    group by jours.jour
),

final as (
    select
        jours.jour,
        case when noms.jour is not null then true else false end as est_conge,
        noms.nom
    from jours
    inner join couverture on jours.jour between couverture.debut and couverture.fin
    left join noms on jours.jour = noms.jour
)

select * from final
