{#
  Decimal numbers received as text, exact. The number of digits before the separator is checked too, so
  that no cast can overflow; digits past the scale are rounded.

      to_decimal('latitude', 9, 6)
      to_decimal('montant', 14, 2, decimal_separator=',', group_separators=['.', ' '])
#}
{% macro to_decimal(column, precision, scale, decimal_separator='.', group_separators=[]) -%}
    case
        when {{ is_decimal(column, precision, scale, decimal_separator, group_separators) }}
            then {{ cast_decimal(
                decimal_text(column, decimal_separator, group_separators), precision, scale
            ) }}
    end
{%- endmacro %}


{# A condition: the cell is a decimal number that fits precision and scale. #}
{% macro is_decimal(column, precision, scale, decimal_separator='.', group_separators=[]) -%}
    {#- One digit less than the type holds: rounding 999.99 up must still fit. -#}
    {{ regexp_like(
        decimal_text(column, decimal_separator, group_separators),
        '-?[0-9]{1,' ~ ([precision - scale - 1, 1] | max) ~ '}([.][0-9]+)?'
    ) }}
{%- endmacro %}


{# The cell's text as a number is written in SQL: a point, no thousands separator. #}
{% macro decimal_text(column, decimal_separator='.', group_separators=[]) -%}
    {%- if decimal_separator == '.' -%}
        {{ digits(column, group_separators) }}
    {%- else -%}
        replace({{ digits(column, group_separators) }}, '{{ decimal_separator }}', '.')
    {%- endif -%}
{%- endmacro %}
