{{ config(group='commun') }}

-- Every line is a cell as it may be received, and what to_integer must make of it.
with cas as (
    {{ cases(['recu', 'attendu'], [
        ['42', '42'],
        [' 7 ', '7'],
        ['007', '7'],
        ['-5', '-5'],
        ['999999999', '999999999'],
        ['-999999999', '-999999999'],
        ['1000000000', none],
        ['2147483648', none],
        ['99999999999999999999', none],
        ['', none],
        ['   ', none],
        [none, none],
        ['+5', none],
        ['--5', none],
        ['5-', none],
        ['12.0', none],
        ['1e3', none],
        ['1 000', none],
        ['2 et 3', none],
        ['5\n', none],
        ['٣', none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        attendu,
        cast({{ to_integer('recu') }} as text) as obtenu,
        case when {{ is_integer('recu') }} then 1 else 0 end as est_lisible
    from cas
)

select * from lus
where
    coalesce(obtenu, 'nul') <> coalesce(attendu, 'nul')
    or est_lisible <> case when attendu is null then 0 else 1 end
