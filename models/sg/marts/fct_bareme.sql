-- Each file is the whole list: the latest received replaces those before it.
with lignes as (
    {{ latest_rows(ref('stg_baremes__baremes')) }}
),

final as (
    select
        lignes.echelle,
        lignes.anciennete,
        lignes.montant_annuel
    from lignes
)

select * from final
