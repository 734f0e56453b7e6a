{#
  The number of characters of a text, spaces included. Override of dbt's own `length`.

  PostgreSQL: length(). Denodo: LEN(); the manual has neither LENGTH nor CHAR_LENGTH.

      {{ dbt.length('nom') }}   ->   'Liège' gives 5

  expression: SQL expression of type text.
#}
{% macro postgres__length(expression) -%}
    length({{ expression }})
{%- endmacro %}

{% macro denodo__length(expression) -%}
    len({{ expression }})
{%- endmacro %}
