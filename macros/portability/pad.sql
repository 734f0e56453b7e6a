{#
  A text brought to a length by a character put before it; a longer one is cut, as PostgreSQL does.

  PostgreSQL: lpad(). Denodo has no such function: REPEAT makes what is missing, SUBSTR cuts what is too much.

      lpad('code', 5, '0')   ->   '42' gives '00042', '123456' gives '12345'

  value: SQL expression of type text. length: whole number from 1 on, written in the call. fill: the character
  itself, without apostrophes around it; a space by default.
#}
{% macro lpad(value, length, fill=' ') -%}
    {{ return(adapter.dispatch('lpad', 'donnees_au_centre')(value, length, fill)) }}
{%- endmacro %}

{% macro default__lpad(value, length, fill) -%}
    {{ check_pad('lpad', length, fill) }}lpad({{ value }}, {{ length }}, {{ text_literal(fill) }})
{%- endmacro %}

{% macro denodo__lpad(value, length, fill) -%}
    {{ check_pad('lpad', length, fill) -}}
    case
        when len({{ value }}) < {{ length }}
            then concat(repeat({{ text_literal(fill) }}, {{ length }} - len({{ value }})), {{ value }})
        else substr({{ value }}, 1, {{ length }})
    end
{%- endmacro %}


{#
  A text brought to a length by a character put after it; a longer one is cut.

  PostgreSQL: rpad(). Denodo: as lpad, the other way round.

      rpad('code', 5, '.')   ->   '42' gives '42...'

  value: SQL expression of type text. length: whole number from 1 on, written in the call. fill: the character
  itself, without apostrophes around it; a space by default.
#}
{% macro rpad(value, length, fill=' ') -%}
    {{ return(adapter.dispatch('rpad', 'donnees_au_centre')(value, length, fill)) }}
{%- endmacro %}

{% macro default__rpad(value, length, fill) -%}
    {{ check_pad('rpad', length, fill) }}rpad({{ value }}, {{ length }}, {{ text_literal(fill) }})
{%- endmacro %}

{% macro denodo__rpad(value, length, fill) -%}
    {{ check_pad('rpad', length, fill) -}}
    case
        when len({{ value }}) < {{ length }}
            then concat({{ value }}, repeat({{ text_literal(fill) }}, {{ length }} - len({{ value }})))
        else substr({{ value }}, 1, {{ length }})
    end
{%- endmacro %}


{# Refuses a length that is no whole number from 1 on, and a filling that is not one character. #}
{% macro check_pad(macro_name, length, fill) -%}
    {{- check_whole_number(macro_name, "la longueur", length, 1) -}}
    {%- if fill is not string or fill | length != 1 -%}
        {{ refuse_argument(
            macro_name,
            "« " ~ fill ~ " » n'est pas un seul caractère",
            "écrivez le caractère lui-même, par exemple " ~ macro_name ~ "('code', 5, '0')"
        ) }}
    {%- endif -%}
{%- endmacro %}
