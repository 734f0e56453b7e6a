with etablissements as (
    select * from {{ ref('int_signaletique__etablissements') }}
),

reseaux as (
    select * from {{ ref('reseau_enseignement') }}
),

final as (
    select
        etablissements.etablissement_id,
        etablissements.nom,
        etablissements.numero_unite_etablissement,
        etablissements.numero_unite_etablissement as numero_bce,
        etablissements.date_debut,
        etablissements.reseau,
        reseaux.code as reseau_code,
        reseaux.caractere as reseau_caractere,
        etablissements.adresse,
        etablissements.code_postal,
        etablissements.localite,
        etablissements.commune_nom,
        etablissements.code_nis,
        etablissements.arrondissement_nom,
        etablissements.bassin,
        etablissements.pouvoir_organisateur_id,
        etablissements.date_extraction
    from etablissements
    left join reseaux
        on etablissements.reseau = reseaux.reseau
)

select * from final
