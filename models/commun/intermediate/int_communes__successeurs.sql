with communes as (
    select * from {{ ref('int_communes__periodes') }}
),

successions as (
    select * from {{ ref('communes_successions') }}
),

en_vigueur as (
    select code_nis from communes
    where est_actuelle
),

-- A code may be replaced twice (Comines: 1983, then 2019): up to three steps are followed.
pas as (
    select
        code_nis,
        code_nis as code_nis_actuel,
        0 as etapes
    from en_vigueur
    union all
    select
        code_nis_ancien as code_nis,
        code_nis_nouveau as code_nis_actuel,
        1 as etapes
    from successions
    union all
    select
        premier.code_nis_ancien as code_nis,
        deuxieme.code_nis_nouveau as code_nis_actuel,
        2 as etapes
    from successions as premier
    inner join successions as deuxieme on premier.code_nis_nouveau = deuxieme.code_nis_ancien
    union all
    select
        premier.code_nis_ancien as code_nis,
        troisieme.code_nis_nouveau as code_nis_actuel,
        3 as etapes
    from successions as premier
    inner join successions as deuxieme on premier.code_nis_nouveau = deuxieme.code_nis_ancien
    inner join successions as troisieme on deuxieme.code_nis_nouveau = troisieme.code_nis_ancien
),

-- The table of successions may know a merger that the received edition does not: it waits for the edition.
arrivees as (
    select
        pas.code_nis,
        pas.code_nis_actuel,
        pas.etapes
    from pas
    inner join en_vigueur on pas.code_nis_actuel = en_vigueur.code_nis
),

plus_courts as (
    select
        code_nis,
        min(etapes) as etapes
    from arrivees
    group by code_nis
),

final as (
    select
        arrivees.code_nis,
        arrivees.code_nis_actuel,
        arrivees.etapes
    from arrivees
    inner join plus_courts
        on
            arrivees.code_nis = plus_courts.code_nis
            and arrivees.etapes = plus_courts.etapes
)

select * from final
