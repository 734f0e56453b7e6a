{#
  Dates received as text. Validity is worked out by arithmetic, because a cast raises on 31/02 and
  to_date accepts or refuses it depending on the version. Patterns: yyyy-MM-dd, dd/MM/yyyy, dd-MM-yyyy.

      to_date('date_de_debut', 'dd/MM/yyyy')   null when the cell is no day of the calendar
#}
{% macro to_date(column, pattern='yyyy-MM-dd') -%}
    {%- set parts = date_parts(column, pattern) -%}
    case
        when {{ is_date(column, pattern) }}
            then cast(concat({{ parts.year }}, '-', {{ parts.month }}, '-', {{ parts.day }}) as date)
    end
{%- endmacro %}


{# A condition: the cell is a day of the calendar, written in the pattern. #}
{% macro is_date(column, pattern='yyyy-MM-dd') -%}
    {%- set parts = date_parts(column, pattern) -%}
    {%- set year = 'cast(' ~ parts.year ~ ' as integer)' -%}
    {%- set day = 'cast(' ~ parts.day ~ ' as integer)' -%}
    case
        when not {{ regexp_like(parts.text, parts.regexp) }} then 0
        when {{ year }} < 1 or {{ day }} < 1 then 0
        when {{ parts.month }} in ('01', '03', '05', '07', '08', '10', '12') and {{ day }} <= 31 then 1
        when {{ parts.month }} in ('04', '06', '09', '11') and {{ day }} <= 30 then 1
        when {{ parts.month }} = '02' and {{ day }} <= 28 then 1
        when
            {{ parts.month }} = '02' and {{ day }} = 29
            and mod({{ year }}, 4) = 0 and (mod({{ year }}, 100) <> 0 or mod({{ year }}, 400) = 0)
            then 1
        else 0
    end = 1
{%- endmacro %}


{# Where year, month and day stand in a text written in the pattern: {text, regexp, year, month, day}. #}
{% macro date_parts(column, pattern) -%}
    {%- set layouts = {
        'yyyy-MM-dd': {'regexp': '[0-9]{4}-[0-9]{2}-[0-9]{2}', 'year': 1, 'month': 6, 'day': 9},
        'dd/MM/yyyy': {'regexp': '[0-9]{2}/[0-9]{2}/[0-9]{4}', 'year': 7, 'month': 4, 'day': 1},
        'dd-MM-yyyy': {'regexp': '[0-9]{2}-[0-9]{2}-[0-9]{4}', 'year': 7, 'month': 4, 'day': 1},
    } -%}
    {%- if pattern not in layouts -%}
        {{ exceptions.raise_compiler_error(
            "Le format de date « " ~ pattern ~ " » n'est pas connu. "
            ~ "Que faire : choisissez parmi " ~ layouts.keys() | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {%- set layout = layouts[pattern] -%}
    {%- set text = "trim(both ' ' from " ~ column ~ ")" -%}
    {{ return({
        'text': text,
        'regexp': layout.regexp,
        'year': 'substr(' ~ text ~ ', ' ~ layout.year ~ ', 4)',
        'month': 'substr(' ~ text ~ ', ' ~ layout.month ~ ', 2)',
        'day': 'substr(' ~ text ~ ', ' ~ layout.day ~ ', 2)',
    }) }}
{%- endmacro %}
