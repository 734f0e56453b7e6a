{#
  Whole numbers received as text. A number is read or refused, never repaired: digits after an optional minus;
  when group separators are declared, also groups of exactly three digits after a first one of one to three, all
  of them parted by the same sign. A space stands for no-break spaces too.

  The cast stands inside CASE: PostgreSQL may evaluate a WHERE after a cast, but never the THEN of a CASE whose
  WHEN is false. Nine digits always fit an integer.

      to_integer('annee')                                   null when the cell is no whole number
      to_integer('habitants', group_separators=[',', ' '])  14,304 and 14 293 are numbers too; 1,4304 is none
#}
{% macro to_integer(column, group_separators=[]) -%}
    {%- set plain = plain_digits(column) -%}
    case
        {%- if plain %}
        when {{ plain }} then cast({{ column }} as integer)
        {%- endif %}
        when {{ within_blanks(column, '-?' ~ whole_part(9, group_separators), checked=true) }}
            then cast({{ without_groups(column, group_separators) }} as integer)
    end
{%- endmacro %}


{# A condition: the cell is a whole number of at most nine digits. #}
{% macro is_integer(column, group_separators=[]) -%}
    {%- set plain = plain_digits(column) -%}
    {%- set written = within_blanks(column, '-?' ~ whole_part(9, group_separators), checked=true) -%}
    {{ '(' ~ plain ~ ' or ' ~ written ~ ')' if plain else written }}
{%- endmacro %}


{#
  A condition: the cell is one to nine digits alone, as nearly every cell is; PostgreSQL sees that three times as
  fast as by a regular expression. Empty where nothing is gained.
#}
{% macro plain_digits(column) -%}
    {{ return(adapter.dispatch('plain_digits', 'donnees_au_centre')(column)) }}
{%- endmacro %}

{% macro default__plain_digits(column) -%}
    {{ return("translate(" ~ column ~ ", '0123456789', '') = '' and octet_length(" ~ column ~ ") between 1 and 9") }}
{%- endmacro %}

{% macro denodo__plain_digits(column) -%}
    {{ return('') }}
{%- endmacro %}


{# The pattern of at most `digits` digits, in groups or not. #}
{% macro whole_part(digits, group_separators=[]) -%}
    {%- set forms = ['[0-9]{1,' ~ digits ~ '}'] -%}
    {%- set groups = (digits - 1) // 3 -%}
    {%- for separator in group_signs(group_separators) if groups -%}
        {%- set group = '(?:' ~ separator ~ '[0-9]{3})' -%}
        {#- As many groups as fit leave less than three digits before them, unless all are full. -#}
        {%- do forms.append('[0-9]{1,' ~ (digits - 3 * groups) ~ '}' ~ group ~ '{' ~ groups ~ '}') -%}
        {%- if groups > 1 -%}
            {%- do forms.append('[0-9]{1,3}' ~ group ~ '{1,' ~ (groups - 1) ~ '}') -%}
        {%- endif -%}
    {%- endfor -%}
    {{- forms[0] if forms | length == 1 else '(?:' ~ forms | join('|') ~ ')' -}}
{%- endmacro %}


{# The pattern of each group separator, once: the spaces are one. Refuses what could be taken for something else. #}
{% macro group_signs(group_separators) -%}
    {%- if group_separators is string -%}
        {{ refuse_argument(
            'group_separators', "« " ~ group_separators ~ " » n'est pas une liste", "écrivez par exemple [' ', '.']"
        ) }}
    {%- endif -%}
    {%- set signs = [] -%}
    {%- for separator in group_separators -%}
        {%- if separator | length != 1 or modules.re.fullmatch('[0-9A-Za-z+-]', separator) -%}
            {{ refuse_argument(
                'group_separators',
                "« " ~ separator ~ " » ne peut pas séparer des milliers",
                "écrivez un seul signe : une espace, un point, une virgule ou une apostrophe"
            ) }}
        {%- endif -%}
        {%- set sign = '[ \\u00a0\\u202f]' if separator in ' \u00a0\u202f' else pattern_of_text(separator) -%}
        {%- if sign not in signs -%}
            {%- do signs.append(sign) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(signs) }}
{%- endmacro %}


{# The text of a cell that was recognised, without white space around it nor group separators. #}
{% macro without_groups(column, group_separators=[]) -%}
    {%- set value = namespace(sql=trim_blanks(column)) -%}
    {%- for separator in group_separators -%}
        {%- for sign in (' \u00a0\u202f' if separator in ' \u00a0\u202f' else [separator]) -%}
            {%- set value.sql = 'replace(' ~ value.sql ~ ', ' ~ text_literal(sign) ~ ", '')" -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ value.sql }}
{%- endmacro %}
