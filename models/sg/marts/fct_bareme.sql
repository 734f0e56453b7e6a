with lignes as (
    select * from {{ ref('stg_baremes__baremes') }}
),

-- Each file is the whole list: the latest received replaces those before it.
dernier_fichier as (
    {{ latest_file('lignes') }}
),

final as (
    select
        lignes.echelle,
        lignes.anciennete,
        lignes.montant_annuel
    from lignes
    inner join dernier_fichier
        on lignes.source_fichier = dernier_fichier.source_fichier
)

select * from final
