{#
  An exact decimal of a given precision and scale, rounded. A plain cast means numeric here and a double on
  Denodo, hence the macro. The value must already be a number: see to_decimal for text.

  PostgreSQL: cast as numeric(p, s). Denodo: CAST('decimal', x) is exact and has no scale, so ROUND follows. The
  manual does not say how ROUND treats a half, and nothing checks the precision there.

      cast_decimal('montant', 12, 2)   ->   cast(montant as numeric(12, 2))

  value: SQL expression, a number or a text that is surely one. precision: digits in all. scale: digits after
  the point.
#}
{% macro cast_decimal(value, precision, scale) -%}
    {{ return(adapter.dispatch('cast_decimal', 'donnees_au_centre')(value, precision, scale)) }}
{%- endmacro %}

{% macro default__cast_decimal(value, precision, scale) -%}
    {{- check_decimal('cast_decimal', precision, scale) -}}
    cast({{ value }} as numeric({{ precision }}, {{ scale }}))
{%- endmacro %}

{% macro denodo__cast_decimal(value, precision, scale) -%}
    {{- check_decimal('cast_decimal', precision, scale) -}}
    round(cast('decimal', {{ value }}), {{ scale }})
{%- endmacro %}


{# Refuses a precision and a scale that make no decimal. #}
{% macro check_decimal(macro_name, precision, scale) -%}
    {{- check_whole_number(macro_name, "la précision", precision, 1) -}}
    {{- check_whole_number(macro_name, "l'échelle", scale, 0) -}}
    {%- if scale > precision -%}
        {{ refuse_argument(
            macro_name,
            "l'échelle " ~ scale ~ " dépasse la précision " ~ precision,
            "la précision compte tous les chiffres : numeric(12, 2) en a dix avant la virgule et deux après"
        ) }}
    {%- endif -%}
{%- endmacro %}
