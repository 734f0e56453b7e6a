{{ config(group='commun') }}

-- Amounts as written in French: decimal comma, thousands parted by a space, a no-break space or a point.
with cas as (
    {{ cases(['recu', 'attendu'], [
        ['13 400,50', '13400.50'],
        ['13\u00a0400,50', '13400.50'],
        ['1.234.567,895', '1234567.90'],
        ['-0,01', '-0.01'],
        ['2,0399', '2.04'],
        ['17', '17.00'],
        ['99999999999,99', '99999999999.99'],
        ['999999999999,99', none],
        ['1,2,3', none],
        ['12 €', none],
        [',50', none],
        ['', none],
        [none, none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        attendu,
        cast({{ to_decimal('recu', 14, 2, ',', ['.', ' ', '\u00a0']) }} as text) as obtenu,
        case when {{ is_decimal('recu', 14, 2, ',', ['.', ' ', '\u00a0']) }} then 1 else 0 end as est_lisible
    from cas
)

select * from lus
where
    coalesce(obtenu, 'nul') <> coalesce(attendu, 'nul')
    or est_lisible <> case when attendu is null then 0 else 1 end
