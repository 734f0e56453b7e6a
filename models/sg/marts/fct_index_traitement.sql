-- Each file is the whole list: the latest one replaces those before it.
with lignes as (
    {{ latest_rows(ref('stg_index__traitements'), date='date_liste') }}
),

final as (
    select
        lignes.applicable_depuis,
        lignes.coefficient,
        lignes.rang
    from lignes
)

select * from final
