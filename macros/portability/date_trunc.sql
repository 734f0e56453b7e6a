{#
  The beginning of the year, quarter, month, ISO week (Monday), day, hour, minute or second in which a moment
  lies. Called as `dbt.date_trunc`, which these implementations serve.

  The result is always a timestamp without time zone. The cast to timestamp is needed on both engines: on
  PostgreSQL `date_trunc(text, date)` would give a timestamp with time zone, which depends on the session; on
  Denodo TRUNC keeps the type it is given. Of a timestamp it costs nothing.
  On Denodo the week is `IW` (`DAY` and `D` depend on the locale), and the second, for which TRUNC has no
  pattern, is the minute plus its seconds.

      dbt.date_trunc('month', 'debut')     ->   date_trunc('month', cast(debut as timestamp))
      of 17 May 2024                       ->   2024-05-01 00:00:00

  Arguments: datepart (second, minute, hour, day, week, month, quarter, year), date (a date or a timestamp).
#}
{% macro postgres__date_trunc(datepart, date) -%}
    {%- set part = known_part('date_trunc', datepart, date_units().keys() | list) -%}
    date_trunc('{{ part }}', cast({{ date }} as timestamp))
{%- endmacro %}


{% macro denodo__date_trunc(datepart, date) -%}
    {%- set part = known_part('date_trunc', datepart, date_units().keys() | list) -%}
    {%- set patterns = {
        'minute': 'MI', 'hour': 'HH24', 'day': 'DD', 'week': 'IW', 'month': 'MM', 'quarter': 'Q', 'year': 'YYYY'
    } -%}
    {%- set moment = 'cast(' ~ date ~ ' as timestamp)' -%}
    {%- if part == 'second' -%}
        addsecond(trunc({{ moment }}, 'MI'), getsecond({{ moment }}))
    {%- else -%}
        trunc({{ moment }}, '{{ patterns[part] }}')
    {%- endif -%}
{%- endmacro %}
