with source as (
    select * from {{ source('$source', '$table') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
$typed_columns
    from source
),

-- Sans clé, une ligne ne sert à rien : voir les écarts.
final as (
    select * from typees
    where $key is not null
)

select * from final
