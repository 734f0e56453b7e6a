with offres as (
    select * from {{ ref('int_signaletique__offres') }}
),

reseaux as (
    select * from {{ ref('reseau_enseignement') }}
),

types as (
    select * from {{ ref('type_enseignement') }}
),

final as (
    select
        offres.etablissement_id,
        offres.implantation_id,
        offres.type_enseignement,
        types.code as type_enseignement_code,
        offres.niveau,
        offres.genre,
        offres.reseau,
        reseaux.code as reseau_code,
        offres.pouvoir_organisateur_id,
        offres.date_extraction
    from offres
    left join types
        on offres.type_enseignement = types.type_enseignement
    left join reseaux
        on offres.reseau = reseaux.reseau
)

select * from final
