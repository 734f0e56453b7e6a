{#
  How many boundaries of a part lie between two moments: 1 from 31 December to 1 January in years as in
  days, negative when the second comes first. Called as `dbt.datediff`, which these implementations serve.

  Clocks are read as they are written, without time zones: from 01:30 to 03:30 there are two hours, also on
  the night when summer time begins. GETTIMEINMILLIS, which goes by the zone of the server, is therefore not
  used on Denodo, nor is GETMONTHSBETWEEN, of which the manual does not say whether it counts months begun
  or months elapsed. Weeks begin on Monday, as with date_trunc. (dbt's own macro for PostgreSQL begins them
  on Sunday, and counts one too many backwards between equal weekdays.)

      dbt.datediff('debut', 'fin', 'day')      ->   (cast(fin as date) - cast(debut as date))
      dbt.datediff('debut', 'fin', 'month')    of 31 January and 1 March 2024   ->   2

  Arguments: first_date and second_date (dates or timestamps), datepart (second, minute, hour, day, week,
  month, quarter, year). A whole number: on PostgreSQL an integer, a bigint from the hour down.
#}
{% macro postgres__datediff(first_date, second_date, datepart) -%}
    {%- set part = known_part('datediff', datepart, date_units().keys() | list) -%}
    {%- set seconds = {'hour': 3600, 'minute': 60, 'second': 1} -%}
    {%- if part in ('month', 'quarter', 'year') -%}
        {{ months_crossed(first_date, second_date, part) }}
    {%- elif part == 'day' -%}
        (cast({{ second_date }} as date) - cast({{ first_date }} as date))
    {%- elif part == 'week' -%}
        {%- set first_week = postgres__date_trunc('week', first_date) -%}
        {%- set second_week = postgres__date_trunc('week', second_date) -%}
        ((cast({{ second_week }} as date) - cast({{ first_week }} as date)) / 7)
    {%- else -%}
        {%- set elapsed = postgres__date_trunc(part, second_date) ~ ' - ' ~ postgres__date_trunc(part, first_date) -%}
        cast(extract(epoch from {{ elapsed }}) {{- '' if part == 'second' else ' / ' ~ seconds[part] }} as bigint)
    {%- endif -%}
{%- endmacro %}


{% macro denodo__datediff(first_date, second_date, datepart) -%}
    {%- set part = known_part('datediff', datepart, date_units().keys() | list) -%}
    {%- set first_day = 'cast(' ~ first_date ~ ' as date)' -%}
    {%- set second_day = 'cast(' ~ second_date ~ ' as date)' -%}
    {%- set first = 'cast(' ~ first_date ~ ' as timestamp)' -%}
    {%- set second = 'cast(' ~ second_date ~ ' as timestamp)' -%}
    {%- set days = 'getdaysbetween(' ~ first_day ~ ', ' ~ second_day ~ ')' -%}
    {%- set hours = 'gethour(' ~ second ~ ') - gethour(' ~ first ~ ')' -%}
    {%- set minutes = 'getminute(' ~ second ~ ') - getminute(' ~ first ~ ')' -%}
    {%- set seconds = 'getsecond(' ~ second ~ ') - getsecond(' ~ first ~ ')' -%}
    {%- if part in ('month', 'quarter', 'year') -%}
        {{ months_crossed(first_date, second_date, part) }}
    {%- elif part == 'day' -%}
        {{ days }}
    {%- elif part == 'week' -%}
        (getdaysbetween(trunc({{ first_day }}, 'IW'), trunc({{ second_day }}, 'IW')) / 7)
    {%- elif part == 'hour' -%}
        (24 * {{ days }} + {{ hours }})
    {%- elif part == 'minute' -%}
        (1440 * {{ days }} + 60 * ({{ hours }}) + {{ minutes }})
    {%- else -%}
        (86400 * {{ days }} + 3600 * ({{ hours }}) + 60 * ({{ minutes }}) + {{ seconds }})
    {%- endif -%}
{%- endmacro %}


{# Months, quarters or years begun between two moments, in the words that both engines share. #}
{% macro months_crossed(first_date, second_date, part) -%}
    {%- set years = 'extract(year from ' ~ second_date ~ ') - extract(year from ' ~ first_date ~ ')' -%}
    {%- if part == 'year' -%}
        cast({{ years }} as integer)
    {%- else -%}
        {%- set second = 'extract(' ~ part ~ ' from ' ~ second_date ~ ')' -%}
        {%- set first = 'extract(' ~ part ~ ' from ' ~ first_date ~ ')' -%}
        cast({{ 12 if part == 'month' else 4 }} * ({{ years }}) + {{ second }} - {{ first }} as integer)
    {%- endif -%}
{%- endmacro %}
