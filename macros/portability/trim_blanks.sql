{#
  A text without the white space around it, in the sense of Unicode: spaces (no-break, thin, ideographic), tabs,
  line ends, and what takes no room at all (zero-width spaces, direction marks, byte order mark).

  PostgreSQL: btrim() with the list. Denodo: TRIM takes one character at a time, hence two REGEXP.

      trim_blanks('nom')   ->   btrim(nom, E' \t…')

  value: SQL expression of type text.
#}
{% macro trim_blanks(value) -%}
    {{ return(adapter.dispatch('trim_blanks', 'donnees_au_centre')(value)) }}
{%- endmacro %}

{% macro default__trim_blanks(value) -%}
    btrim({{ value }}, E' \t\n\x0b\f\r\u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u200b\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff')
{%- endmacro %}

{% macro denodo__trim_blanks(value) -%}
    {{ regexp_replace(regexp_replace(value, '^' ~ blanks() ~ '+', ''), blanks() ~ '+$', '') }}
{%- endmacro %}


{# The same characters, as a regular expression knows them: one of them. #}
{% macro blanks() -%}
    [ \t\n\u000b\f\r\u0085\u00a0\u1680\u2000-\u200b\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u3000\ufeff]
{%- endmacro %}
