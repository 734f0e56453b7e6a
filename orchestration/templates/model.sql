${config}with lignes as (
    select * from {{ ref('$reads') }}
),

final as (
    select
$columns
    from lignes
)

select * from final
