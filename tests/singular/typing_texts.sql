{{ config(group='commun') }}

-- A blank cell is null, whatever it is made of; Oui and Non are read in any case, and nothing else is.
with cas as (
    {{ cases(['recu', 'texte', 'booleen'], [
        ['  Liège ', 'Liège', none],
        ['', none, none],
        ['    ', none, none],
        [none, none, none],
        ['Oui', 'Oui', 'true'],
        [' NON ', 'NON', 'false'],
        ['oui', 'oui', 'true'],
        ['O', 'O', none],
        ['Oui/Non', 'Oui/Non', none],
        ['1', '1', none],
    ]) }}
),

lus as (
    select
        numero,
        recu,
        texte,
        booleen,
        {{ clean_text('recu') }} as texte_obtenu,
        cast({{ to_boolean('recu') }} as text) as booleen_obtenu,
        case when {{ is_blank('recu') }} then 1 else 0 end as est_vide,
        case when {{ is_boolean('recu') }} then 1 else 0 end as est_booleen
    from cas
)

select * from lus
where
    coalesce(texte_obtenu, 'nul') <> coalesce(texte, 'nul')
    or coalesce(booleen_obtenu, 'nul') <> coalesce(booleen, 'nul')
    or est_vide <> case when texte is null then 1 else 0 end
    or est_booleen <> case when booleen is null then 0 else 1 end
