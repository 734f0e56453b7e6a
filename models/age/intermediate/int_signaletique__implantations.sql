with offres as (
    select * from {{ ref('int_signaletique__offres') }}
),

geolocalisations as (
    select * from {{ ref('int_ecoles_geolocalisees__coordonnees') }}
),

lieux as (
    select * from {{ ref('int_signaletique__communes') }}
),

-- The register repeats an implantation on each of its offers: its first line speaks for all.
premieres_lignes as (
    select
        implantation_id,
        min(source_ligne) as source_ligne
    from offres
    group by implantation_id
),

-- Both coordinates come from one place: a latitude of one and a longitude of the other make a third place.
final as (
    select
        offres.implantation_id,
        offres.implantation_adresse as adresse,
        offres.implantation_code_postal as code_postal,
        offres.implantation_localite as localite,
        offres.implantation_commune_nom as commune_nom,
        lieux.code_nis,
        case
            when offres.latitude is not null and offres.longitude is not null then offres.latitude
            else geolocalisations.latitude
        end as latitude,
        case
            when offres.latitude is not null and offres.longitude is not null then offres.longitude
            else geolocalisations.longitude
        end as longitude,
        case
            when offres.latitude is not null and offres.longitude is not null then 'signaletique_fase'
            when geolocalisations.latitude is not null then 'ecoles_geolocalisees'
        end as coordonnees_origine,
        offres.date_extraction
    from offres
    inner join premieres_lignes
        on offres.source_ligne = premieres_lignes.source_ligne
    left join geolocalisations
        on offres.implantation_id = geolocalisations.implantation_id
    left join lieux
        on
            coalesce(offres.implantation_code_postal, '') = lieux.code_postal
            and coalesce(offres.implantation_commune_nom, '') = lieux.commune_nom
)

select * from final
