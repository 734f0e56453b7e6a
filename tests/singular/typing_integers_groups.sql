{{ config(group='commun') }}

-- « 14,304 » one year and « 14 293 » the next are numbers alike, once their separators are declared.
with cas as (
    {{ cases(['recu', 'attendu'], [
        ['14,304', '14304'],
        ['14 293', '14293'],
        ['525,935', '525935'],
        ['1 234 567', '1234567'],
        ['-1,200', '-1200'],
        ['0 ', '0'],
        ['1,234,567,890', none],
        ['14.304', none],
        [',', none],
        ['', none],
        [none, none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        attendu,
        cast({{ to_integer('recu', [',', ' ']) }} as text) as obtenu,
        case when {{ is_integer('recu', [',', ' ']) }} then 1 else 0 end as est_lisible
    from cas
)

select * from lus
where
    coalesce(obtenu, 'nul') <> coalesce(attendu, 'nul')
    or est_lisible <> case when attendu is null then 0 else 1 end
