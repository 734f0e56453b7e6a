with source as (
    select * from {{ source('index', 'index_traitements') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ to_date('valid_since', 'dd/MM/yyyy') }} as applicable_depuis,
        {{ to_decimal('index', 8, 4, decimal_separator=',') }} as coefficient,
        {{ to_integer('rank') }} as rang,
        {{ to_date('liste', 'yyyy-MM-dd') }} as date_liste
    from source
),

final as (
    select * from typees
    where
        applicable_depuis is not null
        and coefficient is not null
)

select * from final
