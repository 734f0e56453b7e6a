{#
  The last day of the week (Sunday), month, quarter or year in which a day or a moment lies; a date. Called
  as `dbt.last_day`, which these implementations serve.

  On Denodo LASTDAYOFMONTH keeps the type and the time of day, so the argument is cast to a date;
  LASTDAYOFWEEK depends on the locale and is not used. The cast to timestamp on PostgreSQL: see date_trunc.

      dbt.last_day('debut', 'month')
          ->   cast(date_trunc('month', cast(debut as timestamp)) + interval '1 month - 1 day' as date)
      of 10 February 2024                  ->   2024-02-29

  Arguments: date (a date or a timestamp), datepart (week, month, quarter, year).
#}
{% macro postgres__last_day(date, datepart) -%}
    {%- set lengths = {
        'week': '6 days',
        'month': '1 month - 1 day',
        'quarter': '3 months - 1 day',
        'year': '1 year - 1 day',
    } -%}
    {%- set part = known_part('last_day', datepart, lengths.keys() | list) -%}
    cast({{ postgres__date_trunc(part, date) }} + interval '{{ lengths[part] }}' as date)
{%- endmacro %}


{% macro denodo__last_day(date, datepart) -%}
    {%- set part = known_part('last_day', datepart, ['week', 'month', 'quarter', 'year']) -%}
    {%- set day = 'cast(' ~ date ~ ' as date)' -%}
    {%- if part == 'week' -%}
        addday(trunc({{ day }}, 'IW'), 6)
    {%- elif part == 'month' -%}
        lastdayofmonth({{ day }})
    {%- elif part == 'quarter' -%}
        lastdayofmonth(addmonth(trunc({{ day }}, 'Q'), 2))
    {%- else -%}
        lastdayofmonth(addmonth(trunc({{ day }}, 'YYYY'), 11))
    {%- endif -%}
{%- endmacro %}
