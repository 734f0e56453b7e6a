{#
  A query: of the files whose rows a relation has, the one that replaces the others: the latest by a declared
  date, else by its reception; with `by`, the latest of each key. Never the last by name: « prisons.json » comes
  after « prisons-2026-12-01.json ». latest_rows gives its rows.

      derniers_fichiers as (
          {{ latest_file('lignes', date='date_extraction') }}
      ),

  relation: a relation or the name of a CTE, with source_fichier and source_recu_le. date: its column with the
  date that the file's name declares (a date, or a number), or none. by: list of the columns of the key.
#}
{% macro latest_file(relation, date=none, by=[]) -%}
    {{- deduplicate(
        relation,
        by + ['source_fichier'],
        by,
        ([date ~ ' desc'] if date else []) + ['source_recu_le desc', 'source_fichier desc']
    ) -}}
{%- endmacro %}


{#
  A query: the rows of the file that replaces the others, whole; with `by`, of each key the rows of its latest
  file. What an analyst calls « the last file wins »; arguments as in latest_file.

      marches as (
          {{ latest_rows(ref('stg_points_verts__marches'), date='date_extraction', by=['marche_id']) }}
      ),
#}
{% macro latest_rows(relation, date=none, by=[]) -%}
    select lignes.*
    from {{ relation }} as lignes
    inner join (
        {{ latest_file(relation, date, by) }}
    ) as derniers_fichiers
        on
            lignes.source_fichier = derniers_fichiers.source_fichier
            {%- for key in by %}
            and lignes.{{ key }} = derniers_fichiers.{{ key }}
            {%- endfor %}
{%- endmacro %}
