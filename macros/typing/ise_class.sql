{#
  Classes of the indice socio-économique, 1 to 20. Class 3 is split (3a, 3b) since 2024, and the
  implantations on a boundary are published with both classes: « 2 et 3a ».

      ise_class('classe')                 '3a' -> 3, '2 et 3a' -> null
      ise_class_bound('classe', 'low')    '3a' -> 3, '2 et 3a' -> 2
      ise_class_bound('classe', 'high')   '3a' -> 3, '2 et 3a' -> 3
#}
{% macro ise_class(column) -%}
    case when {{ is_single_ise_class(column) }} then {{ ise_class_bound(column, 'low') }} end
{%- endmacro %}


{# The lower or the higher class of the cell; the same one when there is only one. #}
{% macro ise_class_bound(column, bound) -%}
    {%- set text = trim_blanks(column) -%}
    {%- set separator -%} position(' et ' in {{ text }}) {%- endset -%}
    {%- set low -%} substr({{ text }}, 1, {{ separator }} - 1) {%- endset -%}
    {%- set high -%} substr({{ text }}, {{ separator }} + 4, 3) {%- endset -%}
    case
        when {{ is_single_ise_class(column) }}
            then cast(replace(replace({{ text }}, 'a', ''), 'b', '') as integer)
        when {{ is_ise_class(column) }}
            then cast(replace(replace({{ low if bound == 'low' else high }}, 'a', ''), 'b', '') as integer)
    end
{%- endmacro %}


{# A condition: the cell is one class, or two joined by « et ». #}
{% macro is_ise_class(column) -%}
    {%- set one_class = '([1-9]|1[0-9]|20)[ab]?' -%}
    {{ is_code(column, one_class ~ '( et ' ~ one_class ~ ')?') }}
{%- endmacro %}


{# A condition: the cell is one class only. #}
{% macro is_single_ise_class(column) -%}
    {{ is_code(column, '([1-9]|1[0-9]|20)[ab]?') }}
{%- endmacro %}
