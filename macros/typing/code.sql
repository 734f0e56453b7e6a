{#
  Codes received as text that keep their leading zeros: postal codes, NIS codes, FASE numbers.

      to_code('code_postal', '[1-9][0-9]{3}')   null when the cell is not written so
#}
{% macro to_code(column, pattern) -%}
    case when {{ is_code(column, pattern) }} then {{ trim_blanks(column) }} end
{%- endmacro %}


{# A condition: the cell, white space around it aside, matches the whole pattern. #}
{% macro is_code(column, pattern) -%}
    {{ within_blanks(column, pattern) }}
{%- endmacro %}
