{#
  A staging model: each received column declared once, with its type, its name here and what to say of a cell
  that cannot be read. `issues` makes the écarts of the same declaration.

      {{ staging(source('points_verts', 'points_verts'), [
          as_is('source_recu_le'),
          integer('id', 'marche_id', required="identifiant de la marche absent ou illisible"),
          text('ndeg_pv', 'numero_point_vert'),
          day('date', 'date_marche', required="date de la marche absente ou impossible"),
      ], rules=[exclude('id', "id = 'Total'", "ligne de total")]) }}

  relation: the source table. columns: list of what macros/staging/columns.sql makes. rules: list of exclude,
  reject and known, for what several cells say together; an excluded row is left out. rows: the query of the
  rows, when it is not the table itself (corrected). stored: true for a table that is filled load by load
  (by_load), where a view would read again each time what is long to read, or want the keys of its reader.

  The declaration stands in config.meta.lecture and regles, where `issues`, the descriptions and `make lint` read it.
#}
{% macro staging(relation, columns, rules=[], rows=none, stored=false) -%}
    {%- set names = columns | map(attribute='declared.noms') | sum(start=[]) -%}
    {{- config(meta={
        'colonnes': row_columns(received='source_recu_le' in names, loads=stored),
        'lecture': columns | map(attribute='declared') | list,
        'regles': rules
    }) -}}
    {%- if stored -%}{{- config(materialized='by_load') -}}{%- endif -%}
    {%- set exclusions = rules | selectattr('nature', 'equalto', 'exclusion') | map(attribute='fault') | list -%}
    {%- set needed = columns | selectattr('declared.requis') | map(attribute='outputs') | sum(start=[]) -%}
with source as (
    {{ rows or 'select * from ' ~ relation }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le
        {%- if stored %},
        chargement_id
        {%- endif %}
        {%- for output in columns | map(attribute='outputs') | sum(start=[]) -%}
        ,
        {{ output.sql }}{{ ' as ' ~ output.name if output.sql != output.name }}
        {%- endfor %}
    from source
    {%- for fault in exclusions %}
    {{ 'where' if loop.first else '    and' }} case when {{ fault }} then 1 else 0 end = 0
    {%- endfor %}
    {{- typed_once() if stored }}
),

final as (
    select * from typees
    {%- for output in needed %}
    {{- '\n    where' if loop.first }}
        {{ 'and ' if not loop.first }}{{ output.name }} is not null
    {%- endfor %}
)

select * from final
{%- endmacro %}


{#
  Has PostgreSQL type each cell once, where it would do it again for each condition on the typed column. A view is
  left without it: a reader of one column then types that one alone.
#}
{% macro typed_once() -%}
    {{ return(adapter.dispatch('typed_once', 'donnees_au_centre')()) }}
{%- endmacro %}

{% macro default__typed_once() %}
    offset 0
{%- endmacro %}

{% macro denodo__typed_once() -%}{%- endmacro %}
