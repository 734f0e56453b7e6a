{#
  A quotient that never fails and never loses its decimals: null when the divisor is zero or null. The result
  is a double on both engines; round it with cast_decimal when it must be exact.

  PostgreSQL and Denodo: the same text. Without the cast, both divide two integers to an integer.

      safe_divide('eleves', 'ecoles')   ->   7 and 2 give 3.5, 7 and 0 give null

  numerator, denominator: SQL expressions of type number.
#}
{% macro safe_divide(numerator, denominator) -%}
    {{ return(adapter.dispatch('safe_divide', 'donnees_au_centre')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__safe_divide(numerator, denominator) -%}
    (cast({{ numerator }} as double precision) / nullif({{ denominator }}, 0))
{%- endmacro %}
