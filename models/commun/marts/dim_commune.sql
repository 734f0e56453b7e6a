with periodes as (
    select * from {{ ref('int_communes__periodes') }}
),

codes_actuels as (
    select * from {{ ref('int_communes__codes_actuels') }}
),

codes_postaux as (
    select * from {{ ref('int_communes__codes_postaux') }}
),

final as (
    select
        periodes.commune_cle,
        periodes.code_nis,
        periodes.valide_du,
        periodes.valide_au,
        periodes.est_actuelle,
        periodes.nom,
        periodes.nom_officiel,
        periodes.nom_nl,
        periodes.nom_de,
        periodes.nom_normalise,
        periodes.arrondissement_code,
        periodes.arrondissement_nom,
        periodes.province_code,
        periodes.province_nom,
        periodes.region_code,
        periodes.region_nom,
        codes_actuels.code_nis_actuel,
        case when periodes.est_actuelle then codes_postaux.code_postal_principal end as code_postal_principal
    from periodes
    inner join codes_actuels on periodes.code_nis = codes_actuels.code_nis
    left join codes_postaux on periodes.code_nis = codes_postaux.code_nis
)

select * from final
