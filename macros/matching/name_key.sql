{#
  A name as it is compared, so that two hands writing it differently still meet: upper case, no accents,
  punctuation as a space, single spaces, St and Ste in full; null when nothing is left.

      name_key('commune')   ->   « Saint-Léger (Virton) » and « ST LEGER VIRTON » are the same
#}
{% macro name_key(value) -%}
    {%- set words = regexp_replace('upper(' ~ remove_accents(value) ~ ')', '[^A-Z0-9]+', ' ') -%}
    nullif(trim(both ' ' from
        replace(replace({{ dbt.concat(["' '", words, "' '"]) }}, ' ST ', ' SAINT '), ' STE ', ' SAINTE ')
    ), '')
{%- endmacro %}


{#
  A name without what follows in parentheses: Statbel tells homonyms apart so.

      without_parenthesis('nom_fr')   ->   « Celles (Tournai) » becomes « Celles »
#}
{% macro without_parenthesis(value) -%}
    {{ regexp_replace(value, ' *[(].*', '') }}
{%- endmacro %}
