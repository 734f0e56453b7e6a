{#
  Decimal numbers received as text, exact: read or refused, never repaired. One decimal sign, the declared one,
  with digits on both sides; groups as to_integer has them; no more digits before and after the sign than the
  type holds, so that no cast overflows and no digit is lost.

  With `round`, digits past the scale are rounded instead of refused, and one digit less is accepted before the
  sign: rounding 999.99 up must still fit. For measures that carry noise, as coordinates do.

      to_decimal('montant', 14, 2, decimal_separator=',', group_separators=['.', ' '])
      to_decimal('latitude', 9, 6, round=true)
#}
{% macro to_decimal(column, precision, scale, decimal_separator='.', group_separators=[], round=false) -%}
    case
        when {{ is_decimal(column, precision, scale, decimal_separator, group_separators, round) }}
            then {{ cast_decimal(
                decimal_text(column, decimal_separator, group_separators), precision, scale
            ) }}
        {#- Without it, PostgreSQL forgets the precision of the column. #}
        else {{ cast_decimal('null', precision, scale) }}
    end
{%- endmacro %}


{# A condition: the cell is a decimal number that fits precision and scale. #}
{% macro is_decimal(column, precision, scale, decimal_separator='.', group_separators=[], round=false) -%}
    {{- check_decimal('to_decimal', precision, scale) -}}
    {{- check_decimal_separator(decimal_separator, group_separators) -}}
    {%- set digits = precision - scale - (1 if round else 0) -%}
    {%- set whole = whole_part(digits, group_separators) if digits > 0 else '0' -%}
    {%- set decimals = '+' if round else '{1,' ~ scale ~ '}' -%}
    {%- set fraction = '(?:[' ~ decimal_separator ~ '][0-9]' ~ decimals ~ ')?' if scale or round else '' -%}
    {{ within_blanks(column, '-?' ~ whole ~ fraction, checked=true) }}
{%- endmacro %}


{# The text of a cell that was recognised, as a number is written in SQL: a point, no group separator. #}
{% macro decimal_text(column, decimal_separator='.', group_separators=[]) -%}
    {%- if decimal_separator == '.' -%}
        {{ without_groups(column, group_separators) }}
    {%- else -%}
        replace({{ without_groups(column, group_separators) }}, '{{ decimal_separator }}', '.')
    {%- endif -%}
{%- endmacro %}


{# Refuses a decimal sign that is none, or that parts groups too. #}
{% macro check_decimal_separator(decimal_separator, group_separators) -%}
    {%- if decimal_separator not in ('.', ',') -%}
        {{ refuse_argument(
            'to_decimal', "« " ~ decimal_separator ~ " » n'est pas un séparateur décimal", "écrivez '.' ou ','"
        ) }}
    {%- elif decimal_separator in group_separators -%}
        {{ refuse_argument(
            'to_decimal',
            "« " ~ decimal_separator ~ " » sépare à la fois les décimales et les milliers",
            "ôtez-le de group_separators, ou dites l'autre decimal_separator"
        ) }}
    {%- endif -%}
{%- endmacro %}
