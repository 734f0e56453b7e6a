{#
  The first characters of a text; all of it when it is shorter.

  PostgreSQL: left(). Denodo has no such function (LEFT is a reserved word): SUBSTR counts from 1, as SQL-92.

      left('code_nis', 2)   ->   '92094' gives '92'

  value: SQL expression of type text. count: number of characters, zero or more, whole number or expression.
#}
{% macro left(value, count) -%}
    {{ return(adapter.dispatch('left', 'donnees_au_centre')(value, count)) }}
{%- endmacro %}

{% macro default__left(value, count) -%}
    {{ check_count('left', count) }}left({{ value }}, {{ count }})
{%- endmacro %}

{% macro denodo__left(value, count) -%}
    {{ check_count('left', count) }}substr({{ value }}, 1, {{ count }})
{%- endmacro %}


{#
  The last characters of a text; all of it when it is shorter. Override of dbt's own `right`.

  PostgreSQL: right(). Denodo: what follows the other characters; a longer text only, because the manual does
  not say what SUBSTR does with a start of zero.

      {{ dbt.right('code_nis', 3) }}   ->   '92094' gives '094'

  string_text: SQL expression of type text. length_expression: number of characters, zero or more.
#}
{% macro postgres__right(string_text, length_expression) -%}
    {{ check_count('right', length_expression) }}right({{ string_text }}, {{ length_expression }})
{%- endmacro %}

{% macro denodo__right(string_text, length_expression) -%}
    {{ check_count('right', length_expression) -}}
    case
        when len({{ string_text }}) > {{ length_expression }}
            then substr({{ string_text }}, len({{ string_text }}) - {{ length_expression }} + 1)
        {{ 'else' if length_expression is integer else 'when ' ~ length_expression ~ ' is not null then' }} {{ string_text }}
    end
{%- endmacro %}
