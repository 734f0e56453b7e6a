{#
  Each file is in the raw table once, whole and readable: as many rows as its load counted, so that none was
  added or taken away by hand; nearly all its lines readable; hardly a row with what letters become when a file
  is read under another encoding (Ã© for é, â€™ for ’, the mark U+FFFD, controls from 80 to 9F), in any column;
  its content under no second name.

  Arguments: unreadable, the share of lines that may be unreadable, from 0 to 1; more_than, how many of them
  are too few to say anything; misread, the share of rows that may hold such letters; copies, true where the
  same content may come again under another name.
#}
{% test fully_loaded(model, unreadable=0.05, more_than=5, misread=0.01, copies=false) %}
{#- VQL has no text of a whole row. #}
{%- set misread_row %}
    {%- if target.type == 'denodo' -%}
        1 = 0
    {%- else -%}
        cast(recues as text) ~ 'Ã[\u0080-\u00bf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ]|Â[\u0080-\u00bf]|â€|ï¿½|ï»¿|[\ufffd\u0080-\u009f]'
    {%- endif %}
{%- endset %}
with entrees as (
    select
        chargement_id,
        fichier,
        statut,
        sha256,
        lignes,
        rejets
    from plateforme.chargements
    where {{ receipts_of(model) }} and statut in ('charge', 'remplace', 'doublon')
),

dernieres as (
    select max(chargement_id) as chargement_id
    from entrees
    group by fichier
),

placees as (
    select
        entrees.fichier,
        entrees.sha256,
        entrees.lignes,
        entrees.rejets
    from entrees
    inner join dernieres
        on entrees.chargement_id = dernieres.chargement_id
    where entrees.statut <> 'doublon'
),

presentes as (
    select
        source_fichier as fichier,
        count(*) as lignes,
        sum(case when {{ misread_row }} then 1 else 0 end) as abimees
    from {{ model }} as recues
    group by source_fichier
),

contenus as (
    select
        sha256,
        count(*) as fichiers
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
    coalesce(contenus.fichiers, 1) as fichiers_de_ce_contenu
from placees
left join presentes
    on placees.fichier = presentes.fichier
left join contenus
    on placees.sha256 = contenus.sha256
where
    coalesce(presentes.lignes, 0) <> placees.lignes
    or (
        placees.rejets > {{ more_than }}
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
    1 as fichiers_de_ce_contenu
from presentes
left join placees
    on presentes.fichier = placees.fichier
where placees.fichier is null
{% endtest %}
