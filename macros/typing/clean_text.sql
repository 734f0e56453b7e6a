{#
  A received text without white space around it; blank becomes null, so that « vide » is written in one way
  only, and so does a cell in error of a spreadsheet, which is no text.

      clean_text('nom')   ->   '  Liège ' gives 'Liège', ' ' and '#N/A' give null
#}
{% macro clean_text(column) -%}
    case when not {{ is_cell_error(column) }} then nullif({{ trim_blanks(column) }}, '') end
{%- endmacro %}


{# A condition: the cell holds nothing but white space, or nothing at all. #}
{% macro is_blank(column) -%}
    nullif({{ trim_blanks(column) }}, '') is null
{%- endmacro %}


{#
  A condition: the cell is what a spreadsheet in English, French, Dutch or German shows for a formula that fails
  (#N/A, #REF!, #VALEUR!…). Null for a null cell.
#}
{% macro is_cell_error(column) -%}
    {%- set names = [
        'DIV/0', 'REF', 'VALUE', 'NUM', 'NULL', 'SPILL', 'CALC', 'FIELD', 'BLOCKED', 'CONNECT', 'UNKNOWN', 'BUSY',
        'VALEUR', 'NOMBRE', 'NUL', 'PROPAGATION', 'EPARS', 'CHAMP', 'BLOQUE', 'CONNEXION', 'INCONNU', 'OCCUPE',
        'DEEL/0', 'VERW', 'WAARDE', 'GETAL', 'LEEG', 'OVERLOOP', 'VELD',
        'BEZUG', 'WERT', 'ZAHL', 'KALK', 'FELD', 'NAME', 'NOM', 'NAAM',
    ] -%}
    {#- The first test is cheap, and false for nearly every cell. -#}
    ({{ column }} like '%#%' and {{ within_blanks(
        column, '#(?:N/[AB]|NV|GETTING_DATA|(?:' ~ names | join('|') ~ ')[ \\u00a0\\u202f]?[!?])', checked=true
    ) }})
{%- endmacro %}


{# A condition: the cell, white space around it aside, follows the whole pattern; checked: see regexp_like. #}
{% macro within_blanks(column, pattern, checked=false) -%}
    {{ regexp_like(column, blanks() ~ '*(?:' ~ pattern ~ ')' ~ blanks() ~ '*', checked) }}
{%- endmacro %}
