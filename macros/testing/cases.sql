{#
  A small table of cases for a test, all text, numbered from 1: the cells first, in the order of `columns`.

      with cas as (
          {{ cases(['recu', 'attendu'], [['42', '42'], ['abc', none]]) }}
      )
#}
{% macro cases(columns, rows) -%}
    {%- for cells in rows %}
        {%- if not loop.first %}
        union all
        {% endif -%}
        select
            {{ loop.index }} as numero
        {%- for column in columns %}
            {%- set cell = cells[loop.index0] -%}
            , cast({{ 'null' if cell is none else "'" ~ cell | replace("'", "''") ~ "'" }} as text) as {{ column }}
        {%- endfor %}
    {%- endfor %}
{%- endmacro %}
