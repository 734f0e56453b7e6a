with infrastructures as (
    select * from {{ ref('stg_infrastructures_sportives__infrastructures') }}
),

noms_communes as (
    select * from {{ ref('dim_commune_nom') }}
),

final as (
    select
        infrastructures.numero,
        infrastructures.denomination,
        infrastructures.genre,
        noms_communes.code_nis,
        infrastructures.commune_nom,
        infrastructures.surface_m2,
        infrastructures.annee_ouverture,
        infrastructures.accessible_pmr,
        infrastructures.latitude,
        infrastructures.longitude,
        infrastructures.date_mise_a_jour
    from infrastructures
    left join noms_communes
        on {{ name_key('infrastructures.commune_nom') }} = noms_communes.nom_normalise
)

select * from final
