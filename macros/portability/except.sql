{#
  The rows of the first query that the second does not have, each once. Override of dbt's own `except`.

  PostgreSQL: except. Denodo: MINUS, which matches columns by NAME: give both queries the same names in the
  same order, and both engines mean the same.

      select code_nis from communes {{ dbt.except() }} select code_nis from codes_actuels
#}
{% macro postgres__except() -%}
    except
{%- endmacro %}

{% macro denodo__except() -%}
    minus
{%- endmacro %}


{#
  The rows that both queries have, each once. Override of dbt's own `intersect`: the same word on both engines,
  and on Denodo the same rule about names as `except`.

      select code_nis from communes {{ dbt.intersect() }} select code_nis from codes_actuels
#}
{% macro postgres__intersect() -%}
    intersect
{%- endmacro %}

{% macro denodo__intersect() -%}
    intersect
{%- endmacro %}
