{#
  Codes received as text that keep their leading zeros: postal codes, NIS codes, FASE numbers.

      to_code('code_postal', '[1-9][0-9]{3}')   null when the cell is not written so
#}
{% macro to_code(column, pattern) -%}
    {%- set shaped = has_digit_shape(column, pattern) -%}
    case
        {%- if shaped %}
        when {{ shaped }} then {{ column }}
        {%- endif %}
        when {{ within_blanks(column, pattern) }} then {{ trim_blanks(column) }}
    end
{%- endmacro %}


{# A condition: the cell, white space around it aside, matches the whole pattern. #}
{% macro is_code(column, pattern) -%}
    {%- set shaped = has_digit_shape(column, pattern) -%}
    {{ '(' ~ shaped ~ ' or ' ~ within_blanks(column, pattern) ~ ')' if shaped else within_blanks(column, pattern) }}
{%- endmacro %}


{#
  A condition: the cell is written as a pattern that says how many digits stand where, and nothing else, as
  [0-9]{4}-[0-9]{4}; PostgreSQL sees that three times as fast as by a regular expression. Empty for another
  pattern, and where nothing is gained.
#}
{% macro has_digit_shape(column, pattern) -%}
    {{ return(adapter.dispatch('has_digit_shape', 'donnees_au_centre')(column, pattern)) }}
{%- endmacro %}

{% macro default__has_digit_shape(column, pattern) -%}
    {%- if pattern is not string or not modules.re.fullmatch('(?:\\[0-9\\][{][0-9]+[}]|[-/ ])+', pattern) -%}
        {{ return('') }}
    {%- endif -%}
    {%- set shape = namespace(text='') -%}
    {%- for count, sign in modules.re.findall('\\[0-9\\][{]([0-9]+)[}]|([-/ ])', pattern) -%}
        {%- set shape.text = shape.text ~ (sign or '0' * count | int) -%}
    {%- endfor -%}
    {{ return("translate(" ~ column ~ ", '123456789', '000000000') = '" ~ shape.text ~ "'") }}
{%- endmacro %}

{% macro denodo__has_digit_shape(column, pattern) -%}
    {{ return('') }}
{%- endmacro %}
