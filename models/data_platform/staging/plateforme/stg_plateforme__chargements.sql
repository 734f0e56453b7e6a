with source as (
    select * from {{ source('plateforme', 'chargements') }}
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
        {{ cast_decimal('duree_s', 12, 3) }} as duree_s
    from source
)

select * from final
