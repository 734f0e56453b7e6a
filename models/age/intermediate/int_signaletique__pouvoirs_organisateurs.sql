with offres as (
    select * from {{ ref('int_signaletique__offres') }}
),

lieux as (
    select * from {{ ref('int_signaletique__communes') }}
),

-- The register repeats a pouvoir organisateur on each of its offers: its first line speaks for all.
premieres_lignes as (
    select
        pouvoir_organisateur_id,
        min(source_ligne) as source_ligne
    from offres
    group by pouvoir_organisateur_id
),

final as (
    select
        offres.pouvoir_organisateur_id,
        offres.pouvoir_organisateur_nom as nom,
        offres.pouvoir_organisateur_numero_bce as numero_bce,
        offres.pouvoir_organisateur_adresse as adresse,
        offres.pouvoir_organisateur_code_postal as code_postal,
        offres.pouvoir_organisateur_localite as localite,
        offres.pouvoir_organisateur_commune_nom as commune_nom,
        lieux.code_nis,
        offres.date_extraction
    from offres
    inner join premieres_lignes
        on offres.source_ligne = premieres_lignes.source_ligne
    left join lieux
        on
            coalesce(offres.pouvoir_organisateur_code_postal, '') = lieux.code_postal
            and coalesce(offres.pouvoir_organisateur_commune_nom, '') = lieux.commune_nom
)

select * from final
