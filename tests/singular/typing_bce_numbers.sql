{{ config(group='commun') }}

-- Invented enterprise numbers: the right ones carry 97 minus the rest of the first eight digits.
with cas as (
    {{ cases(['recu', 'attendu'], [
        ['0123456749', '0123456749'],
        ['123456749', '0123456749'],
        ['0123.456.749', '0123456749'],
        ['BE0123456749', '0123456749'],
        ['be 0123.456.749', '0123456749'],
        ['  0123456749 ', '0123456749'],
        ['1000000021', '1000000021'],
        ['2000000042', '2000000042'],
        ['0970000097', '0970000097'],
        ['0970000000', none],
        ['0123456748', none],
        ['0123456794', none],
        ['3000000063', none],
        ['01234567490', none],
        ['12345674', none],
        ['0123-456-749', none],
        ['NL0123456749', none],
        ['inconnu', none],
        ['BE', none],
        ['', none],
        ['  ', none],
        [none, none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        attendu,
        {{ to_bce_number('recu') }} as obtenu,
        case when {{ is_bce_number('recu') }} then 1 else 0 end as est_lisible
    from cas
)

select * from lus
where
    coalesce(obtenu, 'nul') <> coalesce(attendu, 'nul')
    or est_lisible <> case when attendu is null then 0 else 1 end
