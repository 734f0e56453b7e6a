{#
  Each file is in the raw table once, whole and readable: as many rows as its load counted, so that none was
  added or taken away by hand (a load that was proven is looked at again when its rows change, not when some are
  added by hand); nearly all its lines readable; hardly a row with what letters become when a file
  is read under another encoding (Ã© for é, â€™ for ’, the mark U+FFFD, controls from 80 to 9F), in any column;
  its content under no second name. A file without a row must be one that the source allows, or that lost its
  rows to a purge; and a table whose files were all refused is no empty table.

  Arguments: unreadable, the share of lines that may be unreadable, from 0 to 1; more_than, how many of them
  are too few to say anything (a file that somebody said yes to is not judged by them); misread, the share of rows that may hold such letters; copies, true where the
  same content may come again under another name.
#}
{% test fully_loaded(model, unreadable=0.05, more_than=5, misread=0.01, copies=false) %}
{%- set loads = loads_to_prove() %}
{#- VQL has no text of a whole row. Its columns cost less; which they are is asked where a database is there. #}
{%- set misread_row %}
    {%- if target.type == 'denodo' -%}
        1 = 0
    {%- else -%}
        {{ received_text_sql(model) if loads.note else 'cast(recues as text)' }} ~ 'Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â[\u0080-\u00bf]|â€|ï¿½|ï»¿|[\ufffd\u0080-\u009f]'
    {%- endif %}
{%- endset %}
{{ loads.note }}
with entrees as (
    select
        chargement_id,
        fichier,
        statut,
        motif,
        sha256,
        lignes,
        rejets
    from plateforme.chargements
    where {{ receipts_of(model) }} and statut in ('charge', 'remplace', 'doublon', 'renomme', 'retire')
),

dernieres as (
    select max(chargement_id) as chargement_id
    from entrees
    group by fichier
),

placees as (
    select
        entrees.chargement_id,
        entrees.fichier,
        entrees.motif,
        entrees.sha256,
        entrees.lignes,
        entrees.rejets
    from entrees
    inner join dernieres
        on entrees.chargement_id = dernieres.chargement_id
    where entrees.statut in ('charge', 'remplace')
),

-- Nothing good ever came: what is built of it would stand empty.
refusees as (
    select chargements.fichier
    from plateforme.chargements as chargements
    where
        {{ receipts_of(model) }}
        and chargements.statut in ('echec', 'attente')
        and not exists (select 1 from placees)
        and not exists (
            select 1 from plateforme.chargements as suivantes
            where
                suivantes.domaine = chargements.domaine
                and suivantes.source_nom = chargements.source_nom
                and suivantes.table_nom = chargements.table_nom
                and suivantes.fichier = chargements.fichier
                and suivantes.chargement_id > chargements.chargement_id
        )
),

presentes as (
    select
        source_fichier as fichier,
        count(*) as lignes,
        sum(case when {{ loads.only ~ ' and ' if loads.only }}{{ misread_row }} then 1 else 0 end) as abimees
    from {{ model }} as recues
    {%- if loads.only %}
    -- All that a file has, be it of several loads: its count is of all.
    where source_fichier in (
        {%- for file in loads.touched | unique %}{{ ', ' if not loop.first }}{{ text_literal(file) }}{% else %}null{% endfor -%}
    )
    {%- endif %}
    group by source_fichier
    {%- if loads.only %}
    union all
    select
        fichier,
        lignes,
        0 as abimees
    from placees
    where fichier in (
        {%- for file in loads.files | unique | reject('in', loads.touched) -%}
            {{ ', ' if not loop.first }}{{ text_literal(file) }}
        {%- else %}null{% endfor -%}
    )
    {%- endif %}
),

contenus as (
    select
        sha256,
        count(*) as fichiers,
        min(fichier) as premier,
        max(fichier) as dernier
    from placees
    where lignes > 0
    group by sha256
)

select
    placees.fichier,
    placees.lignes as lignes_chargees,
    placees.rejets as lignes_illisibles,
    coalesce(presentes.lignes, 0) as lignes_presentes,
    coalesce(presentes.abimees, 0) as lignes_abimees,
    coalesce(contenus.fichiers, 1) as fichiers_de_ce_contenu,
    case
        when contenus.fichiers > 1 and contenus.premier = placees.fichier then contenus.dernier
        when contenus.fichiers > 1 then contenus.premier
    end as meme_contenu_que
from placees
left join presentes
    on placees.fichier = presentes.fichier
left join contenus
    on placees.sha256 = contenus.sha256
where
    coalesce(presentes.lignes, 0) <> placees.lignes
    or (placees.lignes = 0 and placees.motif not in ('vide_admise', 'effacees', 'accepte'))
    or (
        placees.motif <> 'accepte'
        and placees.rejets > {{ more_than }}
        and placees.rejets > (placees.lignes + placees.rejets) * {{ unreadable }}
    )
    or presentes.abimees > placees.lignes * {{ misread }}
    {%- if not copies %}
    or contenus.fichiers > 1
    {%- endif %}
union all
select
    presentes.fichier,
    0 as lignes_chargees,
    0 as lignes_illisibles,
    presentes.lignes as lignes_presentes,
    presentes.abimees as lignes_abimees,
    1 as fichiers_de_ce_contenu,
    null as meme_contenu_que
from presentes
left join placees
    on presentes.fichier = placees.fichier
where placees.fichier is null
union all
select
    fichier,
    0 as lignes_chargees,
    0 as lignes_illisibles,
    0 as lignes_presentes,
    0 as lignes_abimees,
    1 as fichiers_de_ce_contenu,
    null as meme_contenu_que
from refusees
{% endtest %}
