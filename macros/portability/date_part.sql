{#
  One part of a date or a timestamp, an integer: year, quarter, month, day, hour, minute, second,
  day_of_year, iso_week, iso_year, iso_day_of_week (1 for Monday).

  EXTRACT serves both engines, and gives whole numbers: PostgreSQL's seconds have decimals, which are
  dropped. What differs: PostgreSQL's `week`, `isoyear` and `isodow` are GETWEEK, the year of the week's
  Thursday, and the day from Sunday = 0 (GETDAYOFWEEK depends on the locale). There is no epoch, which
  depends on a time zone. Hour, minute and second are those of a timestamp: a date has none.

      date_part('year', 'debut')        ->   cast(extract(year from debut) as integer)
      date_part('iso_week', 'debut')    of 1 January 2021   ->   53

  Arguments: part, value (a date, or a timestamp without time zone).
#}
{% macro date_part(part, value) -%}
    {{ return(adapter.dispatch('date_part', 'donnees_au_centre')(part, value)) }}
{%- endmacro %}

{% macro default__date_part(part, value) -%}
    {%- set fields = date_part_fields() -%}
    {%- set name = known_part('date_part', part, fields.keys() | list) -%}
    {%- if name == 'second' -%}
        cast(floor(extract(second from {{ value }})) as integer)
    {%- else -%}
        cast(extract({{ fields[name] }} from {{ value }}) as integer)
    {%- endif -%}
{%- endmacro %}

{% macro denodo__date_part(part, value) -%}
    {%- set fields = date_part_fields() -%}
    {%- set name = known_part('date_part', part, fields.keys() | list) -%}
    {%- if name == 'iso_week' -%}
        cast(getweek({{ value }}) as integer)
    {%- elif name == 'iso_year' -%}
        cast(getyear(addday(trunc({{ value }}, 'IW'), 3)) as integer)
    {%- elif name == 'iso_day_of_week' -%}
        cast(mod(extract(dow from {{ value }}) + 6, 7) + 1 as integer)
    {%- else -%}
        cast(extract({{ fields[name] }} from {{ value }}) as integer)
    {%- endif -%}
{%- endmacro %}


{# The parts that date_part knows, and PostgreSQL's name of each. #}
{% macro date_part_fields() -%}
    {{ return({
        'year': 'year',
        'quarter': 'quarter',
        'month': 'month',
        'day': 'day',
        'hour': 'hour',
        'minute': 'minute',
        'second': 'second',
        'day_of_year': 'doy',
        'iso_week': 'week',
        'iso_year': 'isoyear',
        'iso_day_of_week': 'isodow',
    }) }}
{%- endmacro %}


{#
  The ISO week, 1 to 53: the one that holds the first Thursday of the year is the first.

      iso_week('debut')   of 1 January 2021   ->   53
#}
{% macro iso_week(value) -%}
    {{ return(date_part('iso_week', value)) }}
{%- endmacro %}


{#
  The year to which the ISO week belongs.

      iso_year('debut')   of 1 January 2021   ->   2020
#}
{% macro iso_year(value) -%}
    {{ return(date_part('iso_year', value)) }}
{%- endmacro %}


{#
  The day of the week, from 1 for Monday to 7 for Sunday, whatever the locale.

      iso_day_of_week('debut')   of Sunday 3 March 2024   ->   7
#}
{% macro iso_day_of_week(value) -%}
    {{ return(date_part('iso_day_of_week', value)) }}
{%- endmacro %}
