{#
  The SQL of a measure of a table, an aggregate that tells of no row: a mean, a share, a count. The history
  notes measures by the same words (donnees_au_centre/history/stable.py reads this file).

      measure_expression('moyenne', 'montant')     the mean of a column
      measure_expression('total', 'habitants')     its sum
      measure_expression('part_remplie', 'gare')   the share of rows with a value, from 0 to 1
      measure_expression('distinctes', 'reseau')   how many different values
      measure_expression('lignes')                 how many rows
#}
{% macro measure_expression(measure, column=none) -%}
    {%- if measure == 'moyenne' -%}
        avg({{ column }})
    {%- elif measure == 'total' -%}
        sum({{ column }})
    {%- elif measure == 'part_remplie' -%}
        avg(case when {{ column }} is null then 0.0 else 1.0 end)
    {%- elif measure == 'distinctes' -%}
        count(distinct {{ column }})
    {%- elif measure == 'lignes' -%}
        count(*)
    {%- else -%}
        {{ refuse_argument(
            'measure_expression',
            "« " ~ measure ~ " » n'est pas une mesure",
            'choisissez moyenne, total, part_remplie, distinctes ou lignes'
        ) }}
    {%- endif -%}
{%- endmacro %}


{# The name of a measure in the history: « moyenne montant », « lignes ». #}
{% macro measure_name(measure, column=none) -%}
    {{ measure }}{{ ' ' ~ column if column else '' }}
{%- endmacro %}
