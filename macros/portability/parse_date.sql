{#
  The date that a text says, written in a Java pattern: TO_DATE on PostgreSQL, TO_LOCALDATE on Denodo. A
  text that does not follow the pattern, or says no day of the calendar, fails on both engines, with a
  message that shows it; to get null, and count such texts, use to_date (macros/typing).

  Alone, neither function is that strict: to_date takes `1-1-24, about` for dd/MM/yyyy, and Java may take
  one digit for two, or leave the end of the text unread. On both engines the text is first held against the
  pattern.

      parse_date('recu', 'dd/MM/yyyy')
          ->   case when recu ~ '^(?:(?:0[1-9]|[12][0-9]|3[01])/(?:0[1-9]|1[0-2])/(?!0000)[0-9]{4})$'
               then to_date(recu, 'DD/MM/YYYY') else cast(recu || ' ne suit pas dd/MM/yyyy' as date) end
      of '29/02/2024'   ->   2024-02-29

  Arguments: value (an expression of type text), pattern (yyyy, MM or M, dd or d, each once, and text
  between single quotes). Two-digit years are refused: each engine has its own idea of the century.
#}
{% macro parse_date(value, pattern) -%}
    {%- set _ = check_read_date('parse_date', pattern, ['y', 'M', 'd'], []) -%}
    {{ return(adapter.dispatch('parse_date', 'donnees_au_centre')(value, pattern)) }}
{%- endmacro %}

{% macro default__parse_date(value, pattern) -%}
    case
        when {{ regexp_like(value, read_date_regexp('parse_date', pattern)) }}
            then to_date({{ value }}, '{{ postgres_date_pattern('parse_date', pattern, read_date_fields()) }}')
        else cast({{ value }} || {{ text_literal(' ne suit pas ' ~ pattern) }} as date)
    end
{%- endmacro %}

{% macro denodo__parse_date(value, pattern) -%}
    to_localdate({{ text_literal(pattern) }}, {{ only_matching_text('parse_date', value, pattern) }})
{%- endmacro %}


{#
  The timestamp without time zone that a text says, written in a Java pattern: TO_TIMESTAMP on Denodo, and
  on PostgreSQL too, which reads it as universal time and takes the zone off again, so that the session's
  zone, and the hour that summer time skips, change nothing. Fails as parse_date does.

      parse_timestamp('recu', 'dd/MM/yyyy HH:mm')
          ->   case when recu ~ '^(?:… [0-9]{2}:[0-9]{2})$'
               then to_timestamp(recu || '+00', 'DD/MM/YYYY HH24:MITZH') at time zone 'UTC'
               else cast(recu || ' ne suit pas dd/MM/yyyy HH:mm' as timestamp) end
      of '31/03/2024 02:30'   ->   2024-03-31 02:30:00

  Arguments: value (an expression of type text), pattern (as for parse_date, and HH or H, mm or m, ss or s,
  SSS; what is not read is zero).
#}
{% macro parse_timestamp(value, pattern) -%}
    {%- set _ = check_read_date('parse_timestamp', pattern, ['y', 'M', 'd'], ['H', 'm', 's', 'S']) -%}
    {{ return(adapter.dispatch('parse_timestamp', 'donnees_au_centre')(value, pattern)) }}
{%- endmacro %}

{% macro default__parse_timestamp(value, pattern) -%}
    {%- set postgres_pattern = postgres_date_pattern('parse_timestamp', pattern, read_date_fields()) -%}
    case
        when {{ regexp_like(value, read_date_regexp('parse_timestamp', pattern)) }}
            then to_timestamp({{ value }} || '+00', '{{ postgres_pattern }}TZH') at time zone 'UTC'
        else cast({{ value }} || {{ text_literal(' ne suit pas ' ~ pattern) }} as timestamp)
    end
{%- endmacro %}

{% macro denodo__parse_timestamp(value, pattern) -%}
    to_timestamp({{ text_literal(pattern) }}, {{ only_matching_text('parse_timestamp', value, pattern) }})
{%- endmacro %}


{# The Java fields that can be read, and PostgreSQL's. #}
{% macro read_date_fields() -%}
    {{ return({
        'yyyy': 'YYYY',
        'MM': 'MM',
        'M': 'MM',
        'dd': 'DD',
        'd': 'DD',
        'HH': 'HH24',
        'H': 'HH24',
        'mm': 'MI',
        'm': 'MI',
        'ss': 'SS',
        's': 'SS',
        'SSS': 'MS',
    }) }}
{%- endmacro %}


{# The shape of a text that follows a Java date pattern, a regular expression for the whole text. #}
{% macro read_date_regexp(macro_name, pattern) -%}
    {#- PostgreSQL takes day 00, month 00 and year 0000 for parts that were not said, and makes them 1. -#}
    {%- set shapes = {
        'yyyy': '(?!0000)[0-9]{4}',
        'MM': '(?:0[1-9]|1[0-2])',
        'M': '(?:0?[1-9]|1[0-2])',
        'dd': '(?:0[1-9]|[12][0-9]|3[01])',
        'd': '(?:0?[1-9]|[12][0-9]|3[01])',
        'HH': '[0-9]{2}',
        'H': '[0-9]{1,2}',
        'mm': '[0-9]{2}',
        'm': '[0-9]{1,2}',
        'ss': '[0-9]{2}',
        's': '[0-9]{1,2}',
        'SSS': '[0-9]{3}',
    } -%}
    {%- set state = namespace(regexp='') -%}
    {%- for part in java_date_pattern(macro_name, pattern) -%}
        {%- if part.field is defined -%}
            {%- set state.regexp = state.regexp ~ shapes[part.field] -%}
        {%- else -%}
            {%- for character in part.text -%}
                {%- set state.regexp = state.regexp ~ ('\\' if character in '\\^$.|?*+()[]{}' else '') ~ character -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(state.regexp) }}
{%- endmacro %}


{# The text for VQL to read; one that does not follow the pattern becomes one that VQL cannot read, and shows. #}
{% macro only_matching_text(macro_name, value, pattern) -%}
    case
        when {{ regexp_like(value, read_date_regexp(macro_name, pattern)) }} then {{ value }}
        when {{ value }} is not null
            then concat({{ text_literal('ne suit pas ' ~ pattern ~ ' : ') }}, {{ value }})
    end
{%- endmacro %}


{#
  Refuses a pattern that cannot be read: an unknown field, one missing or twice, or digits that run
  together.
#}
{% macro check_read_date(macro_name, pattern, needed, optional) -%}
    {%- set fields = {} -%}
    {%- for field, name in read_date_fields().items() if field[0] in needed + optional -%}
        {%- set _ = fields.update({field: name}) -%}
    {%- endfor -%}
    {%- set seen = namespace(letters=[], loose=none) -%}
    {%- for part in java_date_pattern(macro_name, pattern) -%}
        {%- if part.text is defined -%}
            {%- set seen.loose = none -%}
        {%- elif part.field not in fields -%}
            {{ unknown_date_field(macro_name, pattern, part.field, fields) }}
        {%- elif part.field[0] in seen.letters -%}
            {{ refuse_argument(
                macro_name,
                "« " ~ part.field[0] ~ " » revient deux fois dans le motif « " ~ pattern ~ " »",
                "ne dites chaque partie de la date qu'une fois"
            ) }}
        {%- elif seen.loose is not none and (seen.loose | length == 1 or part.field | length == 1) -%}
            {{ refuse_argument(
                macro_name,
                "« " ~ seen.loose ~ part.field ~ " » du motif « " ~ pattern ~ " » ne dit pas où un nombre finit",
                "séparez les nombres, ou donnez-leur deux chiffres"
            ) }}
        {%- else -%}
            {%- set seen.letters = seen.letters + [part.field[0]] -%}
            {%- set seen.loose = part.field -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for letter in needed if letter not in seen.letters -%}
        {{ refuse_argument(
            macro_name,
            "le motif « " ~ pattern ~ " » n'a pas de « " ~ letter ~ " »",
            "dites l'année (yyyy), le mois (MM) et le jour (dd)"
        ) }}
    {%- endfor -%}
{%- endmacro %}
