with source as (
    select * from {{ source('population', 'population') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ to_integer('annee') }} as annee,
        {{ to_code('nis', '[0-9]{5}') }} as code_nis,
        {{ to_code('sex', '[FM]') }} as sexe,
        {{ to_integer('age') }} as classe_age,
        {{ to_integer('quantity') }} as habitants
    from source
),

-- Totals hide among the communes: see the écarts.
final as (
    select * from typees
    where
        annee is not null
        and code_nis is not null
        and sexe is not null
        and classe_age is not null
        and habitants is not null
        and not ({{ is_code('code_nis', '(0[1-4]|[1-9][0-9])000|2000[12]') }})
)

select * from final
