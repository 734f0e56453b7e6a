with source as (
    select * from {{ source('baremes', 'baremes') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ clean_text('echelle') }} as echelle,
        {{ to_integer('anciennete') }} as anciennete,
        {{ to_decimal('bareme', 12, 2) }} as montant_annuel
    from source
),

final as (
    select * from typees
    where
        echelle is not null
        and anciennete is not null
        and montant_annuel is not null
)

select * from final
