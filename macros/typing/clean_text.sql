{#
  A received text without outer spaces; blank becomes null, so that « vide » is written in one way only.

      clean_text('nom')   ->   nullif(trim(both ' ' from nom), '')
#}
{% macro clean_text(column) -%}
    nullif(trim(both ' ' from {{ column }}), '')
{%- endmacro %}


{# A condition: the cell holds nothing but spaces, or nothing at all. #}
{% macro is_blank(column) -%}
    {{ clean_text(column) }} is null
{%- endmacro %}
