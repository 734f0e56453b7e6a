{#
  The arrondissement of a commune: the first two digits of its NIS code, then 000, which is how Statbel numbers
  them. A commune that merged keeps the arrondissement of its former code. Null stays null.

      arrondissement_code('code_nis')   of 25072   ->   '25000'

  nis: SQL expression of type text, a NIS code of five digits.
#}
{% macro arrondissement_code(nis) -%}
    /* protection: generalise */ case
        when {{ nis }} is not null then {{ dbt.concat(['substr(' ~ nis ~ ', 1, 2)', "'000'"]) }}
    end
{%- endmacro %}
