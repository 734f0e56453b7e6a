{#
  Yes and no as people and tools write them, whatever their case, as a boolean: oui and non, ja and nee, yes and
  no, vrai and faux, true and false, t and f, y and n as PostgreSQL has them, 1 and 0.

      to_boolean('pmr')   null when the cell says neither
#}
{% macro to_boolean(column) -%}
    case lower({{ trim_blanks(column) }})
        when 'oui' then true when 'vrai' then true when 'true' then true when 't' then true when '1' then true
        when 'ja' then true when 'yes' then true when 'y' then true
        when 'non' then false when 'faux' then false when 'false' then false when 'f' then false when '0' then false
        when 'nee' then false when 'no' then false when 'n' then false
    end
{%- endmacro %}


{# A condition: the cell says yes or no. #}
{% macro is_boolean(column) -%}
    lower({{ trim_blanks(column) }}) in (
        'oui', 'non', 'vrai', 'faux', 'true', 'false', 't', 'f', '1', '0', 'ja', 'nee', 'yes', 'no', 'y', 'n'
    )
{%- endmacro %}
