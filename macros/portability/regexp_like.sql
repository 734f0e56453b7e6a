{#
  Does the WHOLE value match the pattern? Denodo's REGEXP_LIKE compares the whole value, PostgreSQL's `~`
  looks anywhere in it: the pattern is anchored so that both mean the same.

      regexp_like('code', '[0-9]{4}')   ->   code ~ '^(?:[0-9]{4})$'
#}
{% macro regexp_like(value, pattern) -%}
    {{ return(adapter.dispatch('regexp_like', 'donnees_au_centre')(value, pattern)) }}
{%- endmacro %}

{% macro default__regexp_like(value, pattern) -%}
    {{ value }} ~ '^(?:{{ pattern }})$'
{%- endmacro %}
