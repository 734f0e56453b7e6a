{#
  A condition that is never null: both values are equal, or both are null. Override of dbt's own `equals`.

  PostgreSQL: is not distinct from. Denodo does not document it: a case that gives 1 or 0.

      {{ dbt.equals('ancien', 'nouveau') }}   ->   ancien is not distinct from nouveau

  expr1, expr2: SQL expressions of one type.
#}
{% macro postgres__equals(expr1, expr2) -%}
    ({{ expr1 }} is not distinct from {{ expr2 }})
{%- endmacro %}

{% macro denodo__equals(expr1, expr2) -%}
    case when {{ expr1 }} = {{ expr2 }} or ({{ expr1 }} is null and {{ expr2 }} is null) then 1 else 0 end = 1
{%- endmacro %}
