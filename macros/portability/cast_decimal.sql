{#
  An exact decimal of a given precision and scale. A plain cast means numeric here and a double on Denodo,
  hence the macro. The value must already be a number: see to_decimal for text.

      cast_decimal('montant', 12, 2)   ->   cast(montant as numeric(12, 2))
#}
{% macro cast_decimal(value, precision, scale) -%}
    {{ return(adapter.dispatch('cast_decimal', 'donnees_au_centre')(value, precision, scale)) }}
{%- endmacro %}

{% macro default__cast_decimal(value, precision, scale) -%}
    cast({{ value }} as numeric({{ precision }}, {{ scale }}))
{%- endmacro %}
