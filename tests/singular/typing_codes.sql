{{ config(group='commun') }}

-- Codes keep their leading zeros and nothing else passes: here five digits, as NIS codes have.
with cas as (
    {{ cases(['recu', 'attendu'], [
        ['02000', '02000'],
        [' 62063 ', '62063'],
        ['2000', none],
        ['620630', none],
        ['6206a', none],
        ['62 063', none],
        ['', none],
        [none, none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        attendu,
        {{ to_code('recu', '[0-9]{5}') }} as obtenu,
        case when {{ is_code('recu', '[0-9]{5}') }} then 1 else 0 end as est_lisible
    from cas
)

select * from lus
where
    coalesce(obtenu, 'nul') <> coalesce(attendu, 'nul')
    or est_lisible <> case when attendu is null then 0 else 1 end
