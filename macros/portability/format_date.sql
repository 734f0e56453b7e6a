{#
  A date or a timestamp as text, written in a Java pattern: TO_CHAR on PostgreSQL, FORMATDATE on Denodo.
  Names of months and days are refused, because they depend on the language of the server, and so are Java's
  weeks.

      format_date('debut', 'dd/MM/yyyy')   ->   to_char(debut, 'DD/MM/YYYY')
      of 1 March 2024                      ->   01/03/2024

  Arguments: value (a date, or a timestamp without time zone), pattern (yyyy, yy, MM, M, dd, d, DDD, HH, H,
  mm, m, ss, s, SSS, and text between single quotes).
#}
{% macro format_date(value, pattern) -%}
    {{ return(adapter.dispatch('format_date', 'donnees_au_centre')(value, pattern)) }}
{%- endmacro %}

{% macro default__format_date(value, pattern) -%}
    to_char({{ value }}, '{{ postgres_date_pattern('format_date', pattern, written_date_fields()) }}')
{%- endmacro %}

{% macro denodo__format_date(value, pattern) -%}
    {#- Refuses what PostgreSQL's form refuses. -#}
    {%- set _ = postgres_date_pattern('format_date', pattern, written_date_fields()) -%}
    formatdate({{ text_literal(pattern) }}, {{ value }})
{%- endmacro %}


{# The Java fields that format_date writes, and PostgreSQL's. #}
{% macro written_date_fields() -%}
    {{ return({
        'yyyy': 'YYYY',
        'yy': 'YY',
        'MM': 'MM',
        'M': 'FMMM',
        'dd': 'DD',
        'd': 'FMDD',
        'DDD': 'DDD',
        'HH': 'HH24',
        'H': 'FMHH24',
        'mm': 'MI',
        'm': 'FMMI',
        'ss': 'SS',
        's': 'FMSS',
        'SSS': 'MS',
    }) }}
{%- endmacro %}
