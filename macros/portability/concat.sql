{#
  Several texts one after the other; a null one counts as an empty text, so that the result is never null.
  Override of dbt's own `concat`, whose `||` gives null as soon as one text is.

  PostgreSQL: concat() skips nulls. Denodo: the manual does not say what CONCAT does with a null, and wants two
  texts at least; each text that may be null goes through COALESCE.

      {{ dbt.concat(['code_postal', "'_'", 'cle']) }}   ->   '5000_NAMUR', and '5000_' for a null key

  fields: list of SQL expressions of type text; write a number or a day as text first.
#}
{% macro postgres__concat(fields) -%}
    {{ check_list('concat', "« fields »", fields, 1) }}concat({{ fields | join(', ') }})
{%- endmacro %}

{% macro denodo__concat(fields) -%}
    {{ check_list('concat', "« fields »", fields, 1) }}
    {%- set sure = [] -%}
    {%- for field in fields -%}
        {%- set literal = modules.re.fullmatch("\\s*'(?:[^']|'')*'\\s*", field ~ '') -%}
        {%- do sure.append(field if literal else 'coalesce(' ~ field ~ ", '')") -%}
    {%- endfor -%}
    {{ sure[0] if sure | length == 1 else 'concat(' ~ sure | join(', ') ~ ')' }}
{%- endmacro %}
