with offres as (
    select * from {{ ref('int_signaletique__offres') }}
),

dates_bce as (
    select * from {{ ref('int_ecoles_attributs__dates_bce') }}
),

lieux as (
    select * from {{ ref('int_signaletique__communes') }}
),

-- The register repeats an établissement on each of its offers: its first line speaks for all.
premieres_lignes as (
    select
        etablissement_id,
        min(source_ligne) as source_ligne
    from offres
    group by etablissement_id
),

final as (
    select
        offres.etablissement_id,
        offres.etablissement_nom as nom,
        offres.etablissement_numero_bce as numero_unite_etablissement,
        dates_bce.date_debut,
        offres.reseau,
        offres.etablissement_adresse as adresse,
        offres.etablissement_code_postal as code_postal,
        offres.etablissement_localite as localite,
        offres.etablissement_commune_nom as commune_nom,
        lieux.code_nis,
        offres.arrondissement_nom,
        offres.bassin,
        offres.pouvoir_organisateur_id,
        offres.date_extraction
    from offres
    inner join premieres_lignes
        on offres.source_ligne = premieres_lignes.source_ligne
    left join dates_bce
        on offres.etablissement_numero_bce = dates_bce.numero_bce
    left join lieux
        on
            coalesce(offres.etablissement_code_postal, '') = lieux.code_postal
            and coalesce(offres.etablissement_commune_nom, '') = lieux.commune_nom
)

select * from final
