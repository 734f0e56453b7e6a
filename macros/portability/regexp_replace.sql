{#
  A text in which every part that follows the pattern is replaced.

  PostgreSQL: regexp_replace() with 'g'. Denodo: REGEXP replaces every part; a group is $1 where PostgreSQL
  writes \1, a lone `$` or `\` is escaped. What the two do not read alike in a pattern is refused: see
  check_pattern.

      regexp_replace('nom', ' +', ' ')   ->   regexp_replace(nom, ' +', ' ', 'g')
      regexp_replace('cle', '([0-9]+)/([0-9]+)', '\\2-\\1')   ->   '12/34' gives '34-12'

  value: SQL expression of type text. pattern: the regular expression itself. replacement: the text itself, where
  \1 to \9 are the groups of the pattern and \\ is a backslash.
#}
{% macro regexp_replace(value, pattern, replacement) -%}
    {{ return(adapter.dispatch('regexp_replace', 'donnees_au_centre')(value, pattern, replacement)) }}
{%- endmacro %}

{% macro default__regexp_replace(value, pattern, replacement) -%}
    {%- set _ = check_pattern('regexp_replace', pattern, true) -%}
    {{- check_replacement(pattern, replacement) -}}
    regexp_replace({{ value }}, {{ text_literal(pattern) }}, {{ text_literal(replacement) }}, 'g')
{%- endmacro %}

{% macro denodo__regexp_replace(value, pattern, replacement) -%}
    {%- set prefix = check_pattern('regexp_replace', pattern, true) -%}
    {{- check_replacement(pattern, replacement) -}}
    {#- A group is an odd backslash before its digit: \\1 is a backslash and a one. -#}
    {%- set java = modules.re.sub(
        '(?<!\\\\)((?:\\\\\\\\)*)\\\\([1-9])', '\\1$\\2', replacement | replace('$', '\\$')
    ) -%}
    regexp({{ value }}, {{ text_literal(prefix ~ pattern) }}, {{ text_literal(java) }})
{%- endmacro %}


{# Refuses a replacement that names a group the pattern has not, or holds a lone backslash. #}
{% macro check_replacement(pattern, replacement) -%}
    {%- set plain = modules.re.sub('\\\\[\\s\\S]|\\[(?:\\\\[\\s\\S]|[^]\\\\])*\\]', '', pattern) -%}
    {%- set groups = modules.re.findall('\\((?!\\?)', plain) | length -%}
    {%- if groups > 9 -%}
        {{ refuse_argument(
            'regexp_replace',
            "le motif a " ~ groups ~ " groupes, et un remplacement n'en nomme que neuf",
            "écrivez (?:…) les groupes qui ne sont pas repris"
        ) }}
    {%- endif -%}
    {%- for reference in modules.re.findall('\\\\[\\s\\S]?', replacement) if reference != '\\\\' -%}
        {%- if not modules.re.fullmatch('\\\\[1-9]', reference) -%}
            {{ refuse_argument(
                'regexp_replace',
                "dans le remplacement « " ~ replacement ~ " », « " ~ reference ~ " » n'est pas un groupe",
                "écrivez \\1 à \\9 pour un groupe du motif, \\\\ pour une barre oblique inverse"
            ) }}
        {%- elif reference[1:] | int > groups -%}
            {{ refuse_argument(
                'regexp_replace',
                "le remplacement nomme le groupe « " ~ reference ~ " », et le motif en a " ~ groups,
                "mettez entre parenthèses la partie du motif à reprendre"
            ) }}
        {%- endif -%}
    {%- endfor -%}
{%- endmacro %}
