{# SQL: all the texts of a received row, a hundred at most in one call. #}
{% macro received_text_sql(relation) -%}
    {%- set texts = ["''"] -%}
    {%- for column in adapter.get_columns_in_relation(relation) if column.data_type == 'text' -%}
        {%- do texts.append(column.quoted) -%}
    {%- endfor -%}
    {%- set parts = [] -%}
    {%- for part in texts | batch(90) -%}{%- do parts.append("concat_ws(' ', " ~ part | join(', ') ~ ")") -%}{%- endfor -%}
    {{ parts | join(" || ' ' || ") }}
{%- endmacro %}
