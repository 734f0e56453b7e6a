{{ config(
    group='commun',
    severity='warn',
    meta={'dagster': {'ref': {'name': 'jours_feries_regles'}}}
) }}

-- The rules of the seed against the received ones, day by day; nothing to say when the source is empty.
with recus as (
    select
        coalesce(mois, 0) as mois,
        coalesce(jour_du_mois, 0) as jour_du_mois,
        coalesce(jours_apres_paques, 0) as jours_apres_paques
    from {{ ref('stg_conges__feries_legaux') }}
),

regles as (
    select
        coalesce(mois, 0) as mois,
        coalesce(jour_du_mois, 0) as jour_du_mois,
        coalesce(jours_apres_paques, 0) as jours_apres_paques
    from {{ ref('jours_feries_regles') }}
    where nature = 'legal'
),

reunies as (
    select
        mois,
        jour_du_mois,
        jours_apres_paques,
        1 as recue,
        0 as connue
    from recus
    union all
    select
        mois,
        jour_du_mois,
        jours_apres_paques,
        0 as recue,
        1 as connue
    from regles
),

comptes as (
    select
        mois,
        jour_du_mois,
        jours_apres_paques,
        max(recue) as recue,
        max(connue) as connue
    from reunies
    group by mois, jour_du_mois, jours_apres_paques
),

presence as (
    select max(recue) as source_recue from comptes
)

select
    comptes.mois,
    comptes.jour_du_mois,
    comptes.jours_apres_paques,
    comptes.recue,
    comptes.connue
from comptes
cross join presence
where
    presence.source_recue = 1
    and comptes.recue <> comptes.connue
