{#
  The greatest of several values, nulls left out; null when all are.

  PostgreSQL: greatest() leaves nulls out. Denodo: MAX of several arguments is null as soon as one is (a setting
  of the server changes that), so each argument is one of the values that are not null: the first one from its
  own place on, round the list.

      greatest(['debut', 'valide_du'])   ->   greatest(debut, valide_du)

  values: list of two SQL expressions or more, of one type: numbers, texts, dates or timestamps.
#}
{% macro greatest(values) -%}
    {{ return(adapter.dispatch('greatest', 'donnees_au_centre')(values)) }}
{%- endmacro %}

{% macro default__greatest(values) -%}
    {{ check_list('greatest', "« values »", values, 2) }}greatest({{ values | join(', ') }})
{%- endmacro %}

{% macro denodo__greatest(values) -%}
    {{ check_list('greatest', "« values »", values, 2) }}max({{ none_of_them_null(values) }})
{%- endmacro %}


{#
  The least of several values, nulls left out; null when all are.

  PostgreSQL: least(). Denodo: MIN of several arguments, as for greatest.

      least(['fin', 'valide_au'])   ->   least(fin, valide_au)

  values: list of two SQL expressions or more, of one type: numbers, texts, dates or timestamps.
#}
{% macro least(values) -%}
    {{ return(adapter.dispatch('least', 'donnees_au_centre')(values)) }}
{%- endmacro %}

{% macro default__least(values) -%}
    {{ check_list('least', "« values »", values, 2) }}least({{ values | join(', ') }})
{%- endmacro %}

{% macro denodo__least(values) -%}
    {{ check_list('least', "« values »", values, 2) }}min({{ none_of_them_null(values) }})
{%- endmacro %}


{# The values, each replaced by the next one that is not null: a, b -> coalesce(a, b), coalesce(b, a). #}
{% macro none_of_them_null(values) -%}
    {%- for value in values -%}
        coalesce({{ (values[loop.index0:] + values[:loop.index0]) | join(', ') }}){{ '' if loop.last else ', ' }}
    {%- endfor -%}
{%- endmacro %}
