{#
  A query: of the files whose rows a relation has, the one that replaces the others: the latest by a declared
  date, else by its reception; with `by`, the latest of each key. Never the last by name: « prisons.json » comes
  after « prisons-2026-12-01.json ». Join it on source_fichier, and on the columns of the key.

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
