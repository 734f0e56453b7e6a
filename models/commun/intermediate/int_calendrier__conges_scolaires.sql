with conges as (
    select * from {{ ref('stg_conges__conges_scolaires') }}
),

jours as (
    select * from {{ ref('int_calendrier__jours') }}
),

periodes as (
    select
        source_fichier,
        source_recu_le,
        debut,
        coalesce(fin, debut) as fin,
        nom,
        corrections
    from conges
),

-- A received calendar says nothing of the days before its first holiday and after its last.
couvertures as (
    select
        source_fichier,
        source_recu_le,
        min(debut) as debut,
        max(fin) as fin
    from periodes
    group by source_fichier, source_recu_le
),

jours_couverts as (
    select
        jours.jour,
        couvertures.source_fichier,
        couvertures.source_recu_le
    from jours
    inner join couvertures on jours.jour between couvertures.debut and couvertures.fin
),

-- Of a day that several calendars cover, the latest received tells the truth.
calendriers as (
    {{ latest_file('jours_couverts', by=['jour']) }}
),

noms as (
    select
        calendriers.jour,
        min(periodes.nom) as nom,
        min(periodes.corrections) as corrections
    from calendriers
    inner join periodes
        on
            calendriers.source_fichier = periodes.source_fichier
            and calendriers.jour between periodes.debut and periodes.fin
    group by calendriers.jour
),

final as (
    select
        calendriers.jour,
        calendriers.source_fichier,
        case when noms.jour is not null then true else false end as est_conge,
        noms.nom,
        noms.corrections
    from calendriers
    left join noms on calendriers.jour = noms.jour
)

select * from final
