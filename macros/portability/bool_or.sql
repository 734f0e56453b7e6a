{#
  True when the condition holds for one row of the group at least, false when it is false for all that are not
  null, null when there is none. Override of dbt's own `bool_or`.

  PostgreSQL: bool_or(condition). Denodo: no such aggregate; the greatest of 1 and 0, read back as a boolean.

      {{ dbt.bool_or('est_ferie') }}   ->   true

  expression: a condition, or a column of type boolean.
#}
{% macro postgres__bool_or(expression) -%}
    bool_or({{ expression }})
{%- endmacro %}

{% macro denodo__bool_or(expression) -%}
    case max(case when {{ expression }} then 1 when not ({{ expression }}) then 0 end)
        when 1 then true
        when 0 then false
    end
{%- endmacro %}
