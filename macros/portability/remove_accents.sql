{#
  A text without its accents and ligatures, for comparing names written by different hands. The letters are
  those of French, Dutch, German, Spanish, Italian and Portuguese: À to Ý, à to ý without Ð, Þ, ð and þ, then
  ÿ, œ, Œ, æ and Æ. Other letters are left as they are.

  PostgreSQL: unaccent needs an extension that a server may refuse; `translate` is everywhere. Denodo:
  REMOVEACCENTS, after the letters that have no accent (ø, œ, æ), of which its manual says nothing.

      remove_accents("'Liège'")   ->   'Liege'

  value: SQL expression of type text.
#}
{% macro remove_accents(value) -%}
    {{ return(adapter.dispatch('remove_accents', 'donnees_au_centre')(value)) }}
{%- endmacro %}

{% macro default__remove_accents(value) -%}
    replace(replace(replace(replace(
        translate(
            {{ value }},
            'ÀÁÂÃÄÅÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝàáâãäåçèéêëìíîïñòóôõöøùúûüýÿ',
            'AAAAAACEEEEIIIINOOOOOOUUUUYaaaaaaceeeeiiiinoooooouuuuyy'
        ), 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE')
{%- endmacro %}

{% macro denodo__remove_accents(value) -%}
    removeaccents(replace(replace(replace(replace(replace(replace(
        {{ value }}, 'ø', 'o'), 'Ø', 'O'), 'œ', 'oe'), 'Œ', 'OE'), 'æ', 'ae'), 'Æ', 'AE'))
{%- endmacro %}
