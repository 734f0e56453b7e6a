with communes as (
    select * from {{ ref('dim_commune') }}
),

final as (
    select
        code_nis,
        commune_cle,
        valide_du,
        nom,
        nom_officiel,
        nom_nl,
        nom_de,
        nom_normalise,
        arrondissement_code,
        arrondissement_nom,
        province_code,
        province_nom,
        region_code,
        region_nom,
        code_postal_principal
    from communes
    where est_actuelle
)

select * from final
