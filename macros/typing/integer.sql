{#
  Whole numbers received as text. The cast stands inside CASE: PostgreSQL may evaluate a WHERE after a
  cast, but never the THEN of a CASE whose WHEN is false. Nine digits always fit an integer.

      to_integer('annee')                                   null when the cell is no whole number
      to_integer('habitants', group_separators=[',', ' '])  14,304 and 14 293 are numbers too
#}
{% macro to_integer(column, group_separators=[]) -%}
    case
        when {{ is_integer(column, group_separators) }}
            then cast({{ digits(column, group_separators) }} as integer)
    end
{%- endmacro %}


{# A condition: the cell is a whole number of at most nine digits. #}
{% macro is_integer(column, group_separators=[]) -%}
    {{ regexp_like(digits(column, group_separators), '-?[0-9]{1,9}') }}
{%- endmacro %}


{# The cell's text without outer spaces and without the thousands separators. #}
{% macro digits(column, group_separators=[]) -%}
    {%- set value = namespace(sql="trim(both ' ' from " ~ column ~ ")") -%}
    {%- for separator in group_separators -%}
        {%- set value.sql = "replace(" ~ value.sql ~ ", '" ~ separator ~ "', '')" -%}
    {%- endfor -%}
    {{ value.sql }}
{%- endmacro %}
