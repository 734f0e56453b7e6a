{#
  A condition: the WHOLE value follows the pattern.

  PostgreSQL: `~` looks anywhere in the value, so the pattern is anchored. Denodo: REGEXP_LIKE compares the
  whole value, by a Java regular expression; (?s) is put before a pattern with a `.`, so that it stands for
  line ends too. What the two do not read alike in a pattern is refused: see check_pattern.

      regexp_like('code', '[0-9]{4}')   ->   code ~ '^(?:[0-9]{4})$'

  value: SQL expression of type text. pattern: the regular expression itself, without anchors. checked: true for a
  pattern that another macro makes, and its cases try on both engines: looking at it once more takes time.
#}
{% macro regexp_like(value, pattern, checked=false) -%}
    {{ return(adapter.dispatch('regexp_like', 'donnees_au_centre')(value, pattern, checked)) }}
{%- endmacro %}

{% macro default__regexp_like(value, pattern, checked=false) -%}
    {%- set _ = '' if checked else check_pattern('regexp_like', pattern) -%}
    {{ value }} ~ {{ text_literal('^(?:' ~ pattern ~ ')$') }}
{%- endmacro %}

{% macro denodo__regexp_like(value, pattern, checked=false) -%}
    {%- set prefix = '' if checked else check_pattern('regexp_like', pattern) -%}
    {{ value }} regexp_like {{ text_literal(prefix ~ pattern) }}
{%- endmacro %}
