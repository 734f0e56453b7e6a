with chargements as (
    select * from {{ ref('stg_plateforme__chargements') }}
),

final as (
    select
        chargement_id,
        domaine,
        source_nom,
        table_nom,
        fichier,
        variante,
        statut,
        message,
        recu_le,
        charge_le,
        octets,
        sha256,
        lignes,
        rejets,
        lignes_vides,
        hors_tableau,
        mal_encodees,
        colonnes_nouvelles,
        motif,
        duree_s
    from chargements
)

select * from final
