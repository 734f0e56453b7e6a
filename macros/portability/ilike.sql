{#
  A condition: the value is like the pattern, upper or lower case alike. `%` stands for any text, `_` for any
  character, and `~` before one of the three takes that meaning away.

  PostgreSQL: ilike. Denodo has no ILIKE: both sides in lower case. The escape character is said, because it is
  a backslash for the one and `$` for the other.

      ilike('nom', 'saint-%')   ->   nom ilike 'saint-%' escape '~'

  value: SQL expression of type text. pattern: the pattern itself, without apostrophes around it.
#}
{% macro ilike(value, pattern) -%}
    {{ return(adapter.dispatch('ilike', 'donnees_au_centre')(value, pattern)) }}
{%- endmacro %}

{% macro default__ilike(value, pattern) -%}
    {{ check_like_pattern('ilike', pattern) }}{{ value }} ilike {{ text_literal(pattern) }} escape '~'
{%- endmacro %}

{% macro denodo__ilike(value, pattern) -%}
    {{ check_like_pattern('ilike', pattern) -}}
    lower({{ value }}) like lower({{ text_literal(pattern) }}) escape '~'
{%- endmacro %}


{# Refuses a `~` that escapes nothing: each engine would read it in its own way. #}
{% macro check_like_pattern(macro_name, pattern) -%}
    {%- if '~' in modules.re.sub('~[%_~]', '', pattern) -%}
        {{ refuse_argument(
            macro_name,
            "dans le motif « " ~ pattern ~ " », un « ~ » ne précède ni %, ni _, ni ~",
            "écrivez ~~ pour le caractère lui-même"
        ) }}
    {%- endif -%}
{%- endmacro %}
