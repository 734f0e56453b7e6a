{#
  Enterprise numbers of the Banque-Carrefour des Entreprises, received as 0123456789, 123456789,
  0123.456.789 or BE0123456789: ten digits starting with 0, 1 or 2, the last two a check (modulo 97).

      to_bce_number('n_bce')   ->   '0123456749', or null when the number cannot be one
#}
{% macro to_bce_number(column) -%}
    case when {{ is_bce_number(column) }} then {{ bce_digits(column) }} end
{%- endmacro %}


{# A condition: the cell is an enterprise number whose check digits are right. #}
{% macro is_bce_number(column) -%}
    {%- set value = bce_digits(column) -%}
    case
        when not {{ regexp_like(value, '[012][0-9]{9}') }} then 0
        when
            mod(cast(substr({{ value }}, 1, 8) as integer), 97)
            = 97 - cast(substr({{ value }}, 9, 2) as integer)
            then 1
        else 0
    end = 1
{%- endmacro %}


{# The digits of the cell: BE, points and spaces taken away, nine digits completed to ten. #}
{% macro bce_digits(column) -%}
    {%- set bare -%}
        replace(replace(replace(upper(trim(both ' ' from {{ column }})), 'BE', ''), '.', ''), ' ', '')
    {%- endset -%}
    case when {{ regexp_like(bare, '[0-9]{9}') }} then concat('0', {{ bare }}) else {{ bare }} end
{%- endmacro %}
