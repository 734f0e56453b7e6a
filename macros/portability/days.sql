{#
  Days added to a date. `date + integer` is PostgreSQL's own.

      add_days('debut', 1)   ->   the day after
#}
{% macro add_days(date, days) -%}
    {{ return(adapter.dispatch('add_days', 'donnees_au_centre')(date, days)) }}
{%- endmacro %}

{% macro default__add_days(date, days) -%}
    cast({{ date }} + ({{ days }}) as date)
{%- endmacro %}


{#
  How many days lie between two dates: 0 on the same day, negative when `later` comes first.

      days_between('debut', 'fin')
#}
{% macro days_between(earlier, later) -%}
    {{ return(adapter.dispatch('days_between', 'donnees_au_centre')(earlier, later)) }}
{%- endmacro %}

{% macro default__days_between(earlier, later) -%}
    ({{ later }} - {{ earlier }})
{%- endmacro %}


{#
  A day from three whole numbers, which must make one.

      make_day('annee', 5, 1)   ->   the first of May
#}
{% macro make_day(year, month, day) -%}
    {{ return(adapter.dispatch('make_day', 'donnees_au_centre')(year, month, day)) }}
{%- endmacro %}

{% macro default__make_day(year, month, day) -%}
    make_date({{ year }}, {{ month }}, {{ day }})
{%- endmacro %}
