{#
  A moment moved by whole seconds, minutes, hours, days, weeks, months, quarters or years. Called as
  `dbt.dateadd`, which these implementations serve.

  The result is always a timestamp without time zone, whether a date or a timestamp is moved: PostgreSQL's
  `date + interval` gives one, and on Denodo, whose ADD functions keep the type they are given (and which
  has no ADDHOUR for a date), the argument is cast. For a day from a day, see add_days and add_months. A day
  that the new month has not becomes its last day, on both engines. A timestamp with time zone is to be cast
  first: engines do not agree on the zone in which days are counted.

      dbt.dateadd('day', 3, 'debut')            ->   debut + interval '3 days'
      dbt.dateadd('month', 'n', 'debut')        ->   debut + n * interval '1 month'
      31 January 2024 and one month             ->   2024-02-29 00:00:00

  Arguments: datepart (second, minute, hour, day, week, month, quarter, year), interval (a whole number or
  an integer expression, negative to go back), from_date_or_timestamp.
#}
{% macro postgres__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {%- set part = known_part('dateadd', datepart, date_units().keys() | list) -%}
    {%- set count = whole_number(interval) -%}
    {%- set unit, times = ('month', 3) if part == 'quarter' else (part, 1) -%}
    {%- set length = times if count is none else (count | abs) * times -%}
    {%- set step = "interval '" ~ length ~ ' ' ~ unit ~ ('' if length == 1 else 's') ~ "'" -%}
    {%- if count is none -%}
        {{ from_date_or_timestamp }} + {{ operand(interval) }} * {{ step }}
    {%- else -%}
        {{ from_date_or_timestamp }} {{ '-' if count < 0 else '+' }} {{ step }}
    {%- endif -%}
{%- endmacro %}


{% macro denodo__dateadd(datepart, interval, from_date_or_timestamp) -%}
    {%- set part = known_part('dateadd', datepart, date_units().keys() | list) -%}
    {%- set count = whole_number(interval) -%}
    {%- if part != 'quarter' -%}
        {%- set amount = interval -%}
    {%- elif count is not none -%}
        {%- set amount = 3 * count -%}
    {%- else -%}
        {%- set amount = '3 * ' ~ operand(interval) -%}
    {%- endif -%}
    {{ date_units()[part] }}(cast({{ from_date_or_timestamp }} as timestamp), {{ amount }})
{%- endmacro %}


{# The parts of a moment that can be added, and the VQL function that adds each. #}
{% macro date_units() -%}
    {{ return({
        'second': 'addsecond',
        'minute': 'addminute',
        'hour': 'addhour',
        'day': 'addday',
        'week': 'addweek',
        'month': 'addmonth',
        'quarter': 'addmonth',
        'year': 'addyear',
    }) }}
{%- endmacro %}
