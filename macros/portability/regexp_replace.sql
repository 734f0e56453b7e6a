{#
  A text in which every part that matches the pattern is replaced.

      regexp_replace('nom', ' +', ' ')   ->   regexp_replace(nom, ' +', ' ', 'g')
#}
{% macro regexp_replace(value, pattern, replacement) -%}
    {{ return(adapter.dispatch('regexp_replace', 'donnees_au_centre')(value, pattern, replacement)) }}
{%- endmacro %}

{% macro default__regexp_replace(value, pattern, replacement) -%}
    regexp_replace({{ value }}, '{{ pattern }}', '{{ replacement }}', 'g')
{%- endmacro %}
