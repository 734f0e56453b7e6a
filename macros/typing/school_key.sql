{#
  Keys « établissement/implantation » of the school files: two FASE numbers and a slash.

      school_key_establishment('ecole')   '1204/2364' -> 1204, null when the cell is no such key
      school_key_site('ecole')            '1204/2364' -> 2364
#}
{% macro school_key_establishment(column) -%}
    {%- set key = trim_blanks(column) -%}
    case
        when {{ is_school_key(column) }}
            then cast(substr({{ key }}, 1, position('/' in {{ key }}) - 1) as integer)
    end
{%- endmacro %}


{# The FASE number of the implantation, after the slash. #}
{% macro school_key_site(column) -%}
    {%- set key = trim_blanks(column) -%}
    case
        when {{ is_school_key(column) }}
            then cast(substr({{ key }}, position('/' in {{ key }}) + 1, 9) as integer)
    end
{%- endmacro %}


{# A condition: the cell is two whole numbers with a slash between them. #}
{% macro is_school_key(column) -%}
    {{ within_blanks(column, '[0-9]{1,9}/[0-9]{1,9}', checked=true) }}
{%- endmacro %}
