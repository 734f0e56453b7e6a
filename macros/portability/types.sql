{#
  Names of types for `cast(x as …)`. Overrides of dbt's own: VQL's list of types has no INT, BIGINT, BOOLEAN nor
  DOUBLE, its FLOAT has 32 bits, and its NUMERIC is a double.

      cast(n as {{ dbt.type_bigint() }})   ->   cast(n as bigint), on Denodo cast(n as int8)
#}
{% macro postgres__type_string() -%} text {%- endmacro %}
{% macro denodo__type_string() -%} text {%- endmacro %}

{% macro postgres__type_int() -%} integer {%- endmacro %}
{% macro denodo__type_int() -%} integer {%- endmacro %}

{% macro postgres__type_bigint() -%} bigint {%- endmacro %}
{% macro denodo__type_bigint() -%} int8 {%- endmacro %}

{% macro postgres__type_boolean() -%} boolean {%- endmacro %}
{% macro denodo__type_boolean() -%} bool {%- endmacro %}

{% macro postgres__type_float() -%} double precision {%- endmacro %}
{% macro denodo__type_float() -%} double precision {%- endmacro %}

{% macro postgres__type_timestamp() -%} timestamp {%- endmacro %}
{% macro denodo__type_timestamp() -%} timestamp {%- endmacro %}


{#
  dbt's decimal type, which has no name on Denodo: refused there, so that no amount becomes a double unseen.

      cast(n as {{ dbt.type_numeric() }})   ->   cast(n as numeric(28,6))
#}
{% macro postgres__type_numeric() -%} numeric(28, 6) {%- endmacro %}

{% macro denodo__type_numeric() -%}
    {{ refuse_argument(
        'type_numeric',
        "sur Denodo, cast(x as numeric) donne un nombre à virgule flottante",
        "écrivez cast_decimal('x', 28, 6)"
    ) }}
{%- endmacro %}
