{#
  Days added to a date, which gives a date (dbt.dateadd gives a timestamp). `date + integer` is PostgreSQL's
  own; Denodo has ADDDAY, which keeps the type.

      add_days('debut', 1)           ->   debut + 1
      add_days('debut', 'a - b')     ->   debut + (a - b)

  Arguments: date (of type date), days (a whole number or an integer expression, negative to go back).
#}
{% macro add_days(date, days) -%}
    {{ return(adapter.dispatch('add_days', 'donnees_au_centre')(date, days)) }}
{%- endmacro %}

{% macro default__add_days(date, days) -%}
    {%- set count = whole_number(days) -%}
    {%- if count is none -%}
        {{ date }} + {{ operand(days) }}
    {%- else -%}
        {{ date }} {{ '-' if count < 0 else '+' }} {{ count | abs }}
    {%- endif -%}
{%- endmacro %}

{% macro denodo__add_days(date, days) -%}
    addday({{ date }}, {{ days }})
{%- endmacro %}


{#
  Months added to a date, which gives a date; a day that the new month has not becomes its last day. On
  PostgreSQL the sum is a timestamp, hence the cast; Denodo's ADDMONTH keeps the type.

      add_months('debut', 1)   ->   cast(debut + interval '1 month' as date)
      of 31 January 2024       ->   2024-02-29

  Arguments: date (of type date), months (a whole number or an integer expression, negative to go back).
#}
{% macro add_months(date, months) -%}
    {{ return(adapter.dispatch('add_months', 'donnees_au_centre')(date, months)) }}
{%- endmacro %}

{% macro default__add_months(date, months) -%}
    cast({{ postgres__dateadd('month', months, date) }} as date)
{%- endmacro %}

{% macro denodo__add_months(date, months) -%}
    addmonth({{ date }}, {{ months }})
{%- endmacro %}


{#
  How many days lie between two dates: 0 on the same day, negative when `later` comes first. The parentheses
  let the number be multiplied or divided. Denodo has GETDAYSBETWEEN; there, too, a difference counts days,
  but of any two datetimes, where PostgreSQL's is an interval.

      days_between('debut', 'fin')   ->   (fin - debut)

  Arguments: earlier, later (of type date; for timestamps, see dbt.datediff).
#}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between', 'donnees_au_centre')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    ({{ later }} - {{ operand(earlier) }})
{%- endmacro %}

{% macro denodo__days_between(earlier, later) -%}
    getdaysbetween({{ earlier }}, {{ later }})
{%- endmacro %}


{#
  A day from three whole numbers, which must make one: PostgreSQL fails otherwise. Denodo has no such
  function, and no documented text of a number to paste together: years, months and days are added to a day
  of the year 2000. A day that the month has not then runs into the next month; when month and day are
  constants, it is refused here.

      make_day('annee', 5, 1)    ->   make_date(annee, 5, 1)
      make_day(2024, 2, 29)      ->   date '2024-02-29'

  Arguments: year, month, day (whole numbers or integer expressions).
#}
{% macro make_day(year, month, day) -%}
    {%- set numbers = [whole_number(year), whole_number(month), whole_number(day)] -%}
    {%- if none not in numbers -%}
        {{ return(constant_day('make_day', numbers[0], numbers[1], numbers[2])) }}
    {%- endif -%}
    {%- if none not in numbers[1:] -%}
        {# 2000 was a leap year: what is refused here exists in no year. #}
        {%- set _ = constant_day('make_day', 2000, numbers[1], numbers[2]) -%}
    {%- endif -%}
    {{ return(adapter.dispatch('make_day', 'donnees_au_centre')(year, month, day)) }}
{%- endmacro %}

{% macro default__make_day(year, month, day) -%}
    make_date({{ year }}, {{ month }}, {{ day }})
{%- endmacro %}

{% macro denodo__make_day(year, month, day) -%}
    {%- set fixed_year, fixed_month, fixed_day = whole_number(year), whole_number(month), whole_number(day) -%}
    {%- set state = namespace(sql='') -%}
    {#- The day to begin with: one that every month and year on the way has. -#}
    {%- set safe = fixed_day is not none and (fixed_day <= 28 or fixed_month not in (none, 2)) -%}
    {%- set start_day = fixed_day if safe else 1 -%}
    {%- set state.sql = constant_day('make_day', fixed_year or 2000, fixed_month or 1, start_day) -%}
    {%- if fixed_year is none -%}
        {%- set state.sql = 'addyear(' ~ state.sql ~ ', ' ~ year ~ ' - 2000)' -%}
    {%- endif -%}
    {%- if fixed_month is none -%}
        {%- set state.sql = 'addmonth(' ~ state.sql ~ ', ' ~ month ~ ' - 1)' -%}
    {%- endif -%}
    {%- if fixed_day is none -%}
        {%- set state.sql = 'addday(' ~ state.sql ~ ', ' ~ day ~ ' - 1)' -%}
    {%- elif fixed_day != start_day -%}
        {%- set state.sql = 'addday(' ~ state.sql ~ ', ' ~ (fixed_day - 1) ~ ')' -%}
    {%- endif -%}
    {{ state.sql }}
{%- endmacro %}
