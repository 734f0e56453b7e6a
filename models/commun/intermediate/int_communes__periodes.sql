with unites as (
    select * from {{ ref('int_refnis__unites') }}
),

communes as (
    select * from unites
    where niveau = 4
),

arrondissements as (
    select * from unites
    where niveau = 3
),

provinces as (
    select * from unites
    where niveau = 2
),

regions as (
    select * from unites
    where niveau = 1
),

-- The units above are those of the last day of the period: a commune outlives its province's name.
final as (
    select
        {{ dbt.concat([
            'communes.code_nis', "'_'", format_date('communes.valide_du', 'yyyy-MM-dd')
        ]) }} as commune_cle,
        communes.code_nis,
        communes.valide_du,
        communes.valide_au,
        communes.est_actuelle,
        {{ without_parenthesis('communes.nom_fr') }} as nom,
        communes.nom_fr as nom_officiel,
        communes.nom_nl,
        communes.nom_de,
        {{ name_key(without_parenthesis('communes.nom_fr')) }} as nom_normalise,
        arrondissements.code_nis as arrondissement_code,
        arrondissements.nom_fr as arrondissement_nom,
        provinces.code_nis as province_code,
        provinces.nom_fr as province_nom,
        regions.code_nis as region_code,
        regions.nom_fr as region_nom
    from communes
    left join arrondissements
        on
            communes.code_nis_parent = arrondissements.code_nis
            and communes.valide_au between arrondissements.valide_du and arrondissements.valide_au
    left join provinces
        on
            arrondissements.code_nis_parent = provinces.code_nis
            and communes.valide_au between provinces.valide_du and provinces.valide_au
    -- Bruxelles has no province: its arrondissement lies in the region itself.
    left join regions
        on
            coalesce(provinces.code_nis_parent, arrondissements.code_nis_parent) = regions.code_nis
            and communes.valide_au between regions.valide_du and regions.valide_au
)

select * from final
