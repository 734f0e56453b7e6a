{#
  « Oui » and « Non », whatever their case, as a boolean.

      to_boolean('pmr')   null when the cell says neither
#}
{% macro to_boolean(column) -%}
    case lower(trim(both ' ' from {{ column }}))
        when 'oui' then true
        when 'non' then false
    end
{%- endmacro %}


{# A condition: the cell says « Oui » or « Non ». #}
{% macro is_boolean(column) -%}
    lower(trim(both ' ' from {{ column }})) in ('oui', 'non')
{%- endmacro %}
