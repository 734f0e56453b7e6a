{#
  The middle value of the group, the mean of the two middle ones when their number is even; nulls left out. The
  result is a double.

  PostgreSQL: percentile_cont(0.5). Denodo: MEDIAN; cast first, because its manual does not give the type of the
  median of integers.

      median('population')   ->   1, 2, 4 and 10 give 3

  value: SQL expression of type number.
#}
{% macro median(value) -%}
    {{ return(adapter.dispatch('median', 'donnees_au_centre')(value)) }}
{%- endmacro %}

{% macro default__median(value) -%}
    percentile_cont(0.5) within group (order by {{ value }})
{%- endmacro %}

{% macro denodo__median(value) -%}
    median(cast({{ value }} as double precision))
{%- endmacro %}
