{#
  Stops the compilation because a macro was called wrongly: what is wrong, in French, and what to write
  instead. dbt adds the file and the calls that led there.

      refuse_argument('left', "le nombre de caractères -1 est négatif", "écrivez un nombre positif")
#}
{% macro refuse_argument(macro_name, problem, advice) -%}
    {{ exceptions.raise_compiler_error(
        "Macro " ~ macro_name ~ " : " ~ problem ~ ". Que faire : " ~ advice ~ "."
    ) }}
{%- endmacro %}


{# Refuses an argument that is no whole number from `minimum` on, written as a number in the call. #}
{% macro check_whole_number(macro_name, argument, value, minimum) -%}
    {%- if value is boolean or value is not integer -%}
        {{ refuse_argument(
            macro_name,
            argument ~ " doit être un nombre entier écrit dans l'appel, et non « " ~ value ~ " »",
            "écrivez un nombre sans apostrophes, par exemple " ~ [minimum, 5] | max
        ) }}
    {%- elif value < minimum -%}
        {{ refuse_argument(
            macro_name,
            argument ~ " vaut " ~ value ~ ", moins que " ~ minimum,
            "écrivez un nombre d'au moins " ~ minimum
        ) }}
    {%- endif -%}
{%- endmacro %}


{# Refuses a number of characters that is negative; a column or an expression is let through. #}
{% macro check_count(macro_name, value) -%}
    {%- if modules.re.fullmatch('-[0-9]+', (value ~ '') | trim) -%}
        {{ refuse_argument(
            macro_name,
            "le nombre de caractères " ~ value ~ " est négatif, ce que PostgreSQL et VQL n'entendent pas de même",
            "écrivez un nombre positif ; pour ôter la fin d'un texte, substr(x, 1, longueur voulue)"
        ) }}
    {%- endif -%}
{%- endmacro %}


{# Refuses what is no list of at least `minimum` expressions. #}
{% macro check_list(macro_name, argument, values, minimum) -%}
    {%- if values is string or values is mapping or values is not iterable or values | length < minimum -%}
        {{ refuse_argument(
            macro_name,
            argument ~ " doit être une liste d'au moins " ~ minimum ~ " expression(s), et non « " ~ values ~ " »",
            "écrivez par exemple " ~ macro_name ~ "(['a', 'b'])"
        ) }}
    {%- endif -%}
{%- endmacro %}
