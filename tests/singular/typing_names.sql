{{ config(group='commun') }}

-- Names written by different hands, and the key under which they meet.
with cas as (
    {{ cases(['recu', 'attendu'], [
        ['Saint-Léger (Virton)', 'SAINT LEGER VIRTON'],
        ['ST-LÉGER', 'SAINT LEGER'],
        ['Ste-Ode', 'SAINTE ODE'],
        ['Sainte-Ode', 'SAINTE ODE'],
        ["Braine-l'Alleud", 'BRAINE L ALLEUD'],
        ['Braine-l’Alleud', 'BRAINE L ALLEUD'],
        ["  Fontaine  -  l'Évêque ", 'FONTAINE L EVEQUE'],
        ['Anserœul', 'ANSEROEUL'],
        ['Ossogne', 'OSSOGNE'],
        ['Est', 'EST'],
        ['Écaussinnes', 'ECAUSSINNES'],
        ['--', none],
        ['', none],
        [none, none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        attendu,
        {{ name_key('recu') }} as obtenu
    from cas
)

select * from lus
where coalesce(obtenu, 'nul') <> coalesce(attendu, 'nul')
