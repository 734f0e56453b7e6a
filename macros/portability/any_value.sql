{#
  A value of the group, for a column that has one only; the smallest if there are several, null left out.
  Override of dbt's own `any_value`.

  PostgreSQL and Denodo: min(x). VQL's FIRST would depend on the order of the rows, and could be null.

      {{ dbt.any_value('nom') }}   ->   min(nom)

  expression: SQL expression of type number, text, date or timestamp; not boolean, see bool_or.
#}
{% macro postgres__any_value(expression) -%}
    min({{ expression }})
{%- endmacro %}

{% macro denodo__any_value(expression) -%}
    min({{ expression }})
{%- endmacro %}
