{{ config(group='commun') }}

-- numeric(9, 6) holds three digits before the point; two are accepted, so that rounding up still fits.
with cas as (
    {{ cases(['recu', 'attendu'], [
        ['50.8419722', '50.841972'],
        ['4.2976901', '4.297690'],
        [' -0.0000005 ', '-0.000001'],
        ['7', '7.000000'],
        ['-12', '-12.000000'],
        ['99.9999999', '100.000000'],
        ['100', none],
        ['999.9999999', none],
        ['12345678901234567890.5', none],
        ['.5', none],
        ['5.', none],
        ['50,84', none],
        ['1.2.3', none],
        ['1e5', none],
        ['-', none],
        ['NaN', none],
        ['Infinity', none],
        ['', none],
        [' ', none],
        [none, none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        attendu,
        cast({{ to_decimal('recu', 9, 6) }} as text) as obtenu,
        case when {{ is_decimal('recu', 9, 6) }} then 1 else 0 end as est_lisible
    from cas
)

select * from lus
where
    coalesce(obtenu, 'nul') <> coalesce(attendu, 'nul')
    or est_lisible <> case when attendu is null then 0 else 1 end
