{#
  A name as it is compared, so that two hands writing it differently still meet: upper case, no accents,
  punctuation as a space, single spaces; null when nothing is left.

      name_key('commune')   ->   « Saint-Léger (Virton) » and « SAINT LEGER VIRTON » are the same
#}
{% macro name_key(value) -%}
    nullif(trim(both ' ' from {{ regexp_replace('upper(' ~ remove_accents(value) ~ ')', '[^A-Z0-9]+', ' ') }}), '')
{%- endmacro %}


{#
  A name without what follows in parentheses: Statbel tells homonyms apart so.

      without_parenthesis('nom_fr')   ->   « Celles (Tournai) » becomes « Celles »
#}
{% macro without_parenthesis(value) -%}
    {{ regexp_replace(value, ' *[(].*', '') }}
{%- endmacro %}
