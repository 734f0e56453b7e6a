with pouvoirs_organisateurs as (
    select * from {{ ref('int_signaletique__pouvoirs_organisateurs') }}
),

etablissements as (
    select * from {{ ref('int_signaletique__etablissements') }}
),

comptes as (
    select
        pouvoir_organisateur_id,
        count(*) as nombre_etablissements
    from etablissements
    group by pouvoir_organisateur_id
),

final as (
    select
        pouvoirs_organisateurs.pouvoir_organisateur_id,
        pouvoirs_organisateurs.nom,
        pouvoirs_organisateurs.numero_bce,
        pouvoirs_organisateurs.adresse,
        pouvoirs_organisateurs.code_postal,
        pouvoirs_organisateurs.localite,
        pouvoirs_organisateurs.commune_nom,
        pouvoirs_organisateurs.code_nis,
        coalesce(comptes.nombre_etablissements, 0) as nombre_etablissements,
        pouvoirs_organisateurs.date_extraction
    from pouvoirs_organisateurs
    left join comptes
        on pouvoirs_organisateurs.pouvoir_organisateur_id = comptes.pouvoir_organisateur_id
)

select * from final
