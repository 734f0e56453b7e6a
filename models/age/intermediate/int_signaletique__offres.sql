with offres as (
    {{ latest_rows(ref('stg_signaletique_fase__offres'), date='date_extraction') }}
),

final as (
    select
        offres.source_fichier,
        offres.source_ligne,
        offres.date_extraction,
        offres.etablissement_id,
        offres.etablissement_nom,
        offres.etablissement_numero_bce,
        offres.etablissement_adresse,
        offres.etablissement_code_postal,
        offres.etablissement_localite,
        offres.etablissement_commune_nom,
        offres.bassin,
        offres.arrondissement_nom,
        offres.type_enseignement,
        offres.niveau,
        offres.genre,
        offres.reseau,
        offres.implantation_id,
        offres.implantation_adresse,
        offres.implantation_code_postal,
        offres.implantation_localite,
        offres.implantation_commune_nom,
        offres.latitude,
        offres.longitude,
        offres.pouvoir_organisateur_id,
        offres.pouvoir_organisateur_nom,
        offres.pouvoir_organisateur_numero_bce,
        offres.pouvoir_organisateur_adresse,
        offres.pouvoir_organisateur_code_postal,
        offres.pouvoir_organisateur_localite,
        offres.pouvoir_organisateur_commune_nom
    from offres
)

select * from final
