{#
  The nth part of a text that a separator cuts, counted from 1; an empty text when there are fewer parts.
  Override of dbt's own `split_part`.

  PostgreSQL: split_part(). Denodo: VQL's SPLIT gives an array whose elements only a field name can index;
  instead REGEXP keeps the nth group of a pattern that follows the whole text, and gives the empty text when
  there are not enough separators.

      {{ dbt.split_part('ecole', "'/'", 2) }}   ->   '1204/2364' gives '2364', '1204' gives ''

  string_text: SQL expression of type text. delimiter_text: SQL literal of the separator, not empty.
  part_number: whole number from 1 on, written in the call.
#}
{% macro postgres__split_part(string_text, delimiter_text, part_number) -%}
    {{ check_split_part(delimiter_text, part_number) -}}
    split_part({{ string_text }}, {{ delimiter_text }}, {{ part_number }})
{%- endmacro %}

{% macro denodo__split_part(string_text, delimiter_text, part_number) -%}
    {{ check_split_part(delimiter_text, part_number) }}
    {%- set delimiter = (delimiter_text | trim)[1:-1] | replace("''", "'") -%}
    {%- set cut = pattern_of_text(delimiter) -%}
    {#- Neither lazy nor ambiguous: a character that starts no separator. -#}
    {%- set part = '[^' ~ cut ~ ']*' if delimiter | length == 1 else '(?:(?!' ~ cut ~ ').)*' -%}
    {%- set before = part_number - 1 -%}
    {%- set enough = ('(?:' ~ part ~ cut ~ '){' ~ before ~ '}' if before else '')
        ~ '(' ~ part ~ ')(?:' ~ cut ~ '.*)?' -%}
    {%- set too_few = '(?:' ~ part ~ cut ~ '){0,' ~ (before - 1) ~ '}' ~ part -%}
    {%- set pattern = '(?s)^' ~ ('(?:' ~ enough ~ '|' ~ too_few ~ ')' if before else enough) ~ '$' -%}
    regexp({{ string_text }}, {{ text_literal(pattern) }}, '$1')
{%- endmacro %}


{# Refuses a separator that is no literal, and a part that is not counted from 1. #}
{% macro check_split_part(delimiter_text, part_number) -%}
    {%- if not modules.re.fullmatch("\\s*'(?:[^']|'')+'\\s*", delimiter_text) -%}
        {{ refuse_argument(
            'split_part',
            "le séparateur « " ~ delimiter_text ~ " » n'est pas un texte écrit dans l'appel",
            "écrivez-le entre apostrophes, par exemple \"'/'\""
        ) }}
    {%- endif -%}
    {{- check_whole_number('split_part', "le numéro de la partie", part_number, 1) -}}
{%- endmacro %}
