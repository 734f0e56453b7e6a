{#
  How many rows of the group meet a condition; zero when none does.

  PostgreSQL: count(*) filter. Denodo has no FILTER: a sum of 1 and 0, long so that it cannot overflow.

      count_if('montant > 0')   ->   count(*) filter (where montant > 0)

  condition: a condition, or a column of type boolean.
#}
{% macro count_if(condition) -%}
    {{ return(adapter.dispatch('count_if', 'donnees_au_centre')(condition)) }}
{%- endmacro %}

{% macro default__count_if(condition) -%}
    count(*) filter (where {{ condition }})
{%- endmacro %}

{% macro denodo__count_if(condition) -%}
    coalesce(sum(cast(case when {{ condition }} then 1 else 0 end as int8)), 0)
{%- endmacro %}


{#
  The sum of a value over the rows of the group that meet a condition; null when there is none.

  PostgreSQL: sum() filter. Denodo: the sum of a case. SUM keeps the type of its argument there, and does not
  see an `int` overflow: cast the value to int8 first when the total may pass two thousand million.

      sum_if('annulee', 'montant')   ->   sum(montant) filter (where annulee)

  condition: a condition, or a column of type boolean. value: SQL expression of type number.
#}
{% macro sum_if(condition, value) -%}
    {{ return(adapter.dispatch('sum_if', 'donnees_au_centre')(condition, value)) }}
{%- endmacro %}

{% macro default__sum_if(condition, value) -%}
    sum({{ value }}) filter (where {{ condition }})
{%- endmacro %}

{% macro denodo__sum_if(condition, value) -%}
    sum(case when {{ condition }} then {{ value }} end)
{%- endmacro %}
