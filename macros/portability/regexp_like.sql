{#
  A condition: the WHOLE value follows the pattern.

  PostgreSQL: `~` looks anywhere in the value, so the pattern is anchored. Denodo: REGEXP_LIKE compares the
  whole value, by a Java regular expression; (?s) is put before a pattern with a `.`, so that it stands for
  line ends too. What the two do not read alike in a pattern is refused: see check_pattern.

      regexp_like('code', '[0-9]{4}')   ->   code ~ '^(?:[0-9]{4})$'

  value: SQL expression of type text. pattern: the regular expression itself, without anchors.
#}
{% macro regexp_like(value, pattern) -%}
    {{ return(adapter.dispatch('regexp_like', 'donnees_au_centre')(value, pattern)) }}
{%- endmacro %}

{% macro default__regexp_like(value, pattern) -%}
    {%- set _ = check_pattern('regexp_like', pattern) -%}
    {{ value }} ~ {{ text_literal('^(?:' ~ pattern ~ ')$') }}
{%- endmacro %}

{% macro denodo__regexp_like(value, pattern) -%}
    {%- set prefix = check_pattern('regexp_like', pattern) -%}
    {{ value }} regexp_like {{ text_literal(prefix ~ pattern) }}
{%- endmacro %}
