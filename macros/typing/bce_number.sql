{#
  Enterprise numbers of the Banque-Carrefour des Entreprises: ten digits starting with 0, 1 or 2, the last two a
  check (modulo 97); received as 0123456789, 123456789, 0123.456.789, 0123 456 789 (a unit: 2.123.456.789), with
  or without BE before. Digits that are parted otherwise are no number.

      to_bce_number('n_bce')   ->   '0123456749', or null when the number cannot be one
#}
{% macro to_bce_number(column) -%}
    case when {{ is_bce_number(column) }} then {{ bce_digits(column) }} end
{%- endmacro %}


{# A condition: the cell is an enterprise number whose check digits are right. #}
{% macro is_bce_number(column) -%}
    {%- set space = '[ \\u00a0\\u202f]' -%}
    {%- set forms = ['[012]?[0-9]{9}'] -%}
    {%- for sign in ('[.]', space) -%}
        {%- do forms.append('(?:[012]?|[012]' ~ sign ~ ')[0-9]{3}' ~ sign ~ '[0-9]{3}' ~ sign ~ '[0-9]{3}') -%}
    {%- endfor -%}
    {%- set value = bce_digits(column) -%}
    case
        when {{ within_blanks(column, '(?:[Bb][Ee]' ~ space ~ '?)?(?:' ~ forms | join('|') ~ ')', checked=true) }}
            then case
                when
                    mod(cast(substr({{ value }}, 1, 8) as integer), 97)
                    = 97 - cast(substr({{ value }}, 9, 2) as integer)
                    then 1
                else 0
            end
        else 0
    end = 1
{%- endmacro %}


{# The digits of a cell that has the form of an enterprise number, nine of them completed to ten. #}
{% macro bce_digits(column) -%}
    {{ dbt.right("concat('0', " ~ regexp_replace(column, '[^0-9]+', '') ~ ')', 10) }}
{%- endmacro %}
