{#
  The age of a person on a day, in years elapsed, as a band: the birth date itself goes no further. Null when
  one of the two is null, or when the person is not born yet.

      age_band('date_naissance', 'date_debut', width=3, oldest=18)   ->   'De 12 à 14 ans', '18 ans et plus'

  birth, at: SQL expressions of type date. width: years in a band, from a multiple of it on. oldest: from this
  age on, one open band, for the oldest are few.
#}
{% macro age_band(birth, at, width=10, oldest=90) -%}
    {{- check_whole_number('age_band', '« width »', width, 2) -}}
    {{- check_whole_number('age_band', '« oldest »', oldest, 1) -}}
    {%- set age = age_in_years(birth, at) -%}
    {%- set lowest = '(' ~ age ~ ' - mod(' ~ age ~ ', ' ~ width ~ '))' -%}
    /* protection: generalise */ case
        when {{ age }} < 0 then null
        when {{ age }} >= {{ oldest }} then '{{ oldest }} ans et plus'
        {#- The last band stops where the open one begins. #}
        when {{ lowest }} + {{ width }} > {{ oldest }}
            then {{ dbt.concat(["'De '", 'cast(' ~ lowest ~ ' as text)', "' à " ~ (oldest - 1) ~ " ans'"]) }}
        when {{ birth }} is not null and {{ at }} is not null
            then {{ dbt.concat([
                "'De '", 'cast(' ~ lowest ~ ' as text)', "' à '",
                'cast(' ~ lowest ~ ' + ' ~ (width - 1) ~ ' as text)', "' ans'"
            ]) }}
    end
{%- endmacro %}


{# Years elapsed between a birth and a day: one less before the birthday. #}
{% macro age_in_years(birth, at) -%}
    {%- set day = '100 * ' ~ date_part('month', at) ~ ' + ' ~ date_part('day', at) -%}
    {%- set birthday = '100 * ' ~ date_part('month', birth) ~ ' + ' ~ date_part('day', birth) -%}
    ({{ date_part('year', at) }} - {{ date_part('year', birth) }} - case when {{ day }} < {{ birthday }} then 1 else 0 end)
{%- endmacro %}
