with offres as (
    select * from {{ ref('int_signaletique__offres') }}
),

communes as (
    select * from {{ ref('dim_commune_nom') }}
),

codes_postaux as (
    select * from {{ ref('dim_code_postal') }}
    where est_principale
),

ecrits as (
    select
        etablissement_code_postal as code_postal,
        etablissement_commune_nom as commune_nom
    from offres
    union all
    select
        implantation_code_postal as code_postal,
        implantation_commune_nom as commune_nom
    from offres
    union all
    select
        pouvoir_organisateur_code_postal as code_postal,
        pouvoir_organisateur_commune_nom as commune_nom
    from offres
),

-- Empty texts instead of nulls: the readers join on both columns.
lieux as (
    select
        coalesce(code_postal, '') as code_postal,
        coalesce(commune_nom, '') as commune_nom
    from ecrits
    group by coalesce(code_postal, ''), coalesce(commune_nom, '')
),

-- A name that several communes bear says less than the postal code.
final as (
    select
        lieux.code_postal,
        lieux.commune_nom,
        case
            when communes.nombre_de_communes = 1 then communes.code_nis
            when codes_postaux.code_nis is not null then codes_postaux.code_nis
            else communes.code_nis
        end as code_nis
    from lieux
    left join communes
        on communes.nom_normalise = {{ name_key('lieux.commune_nom') }}
    left join codes_postaux
        on lieux.code_postal = codes_postaux.code_postal
)

select * from final
