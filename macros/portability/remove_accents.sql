{#
  A text without its accents and ligatures, for comparing names written by different hands. PostgreSQL's
  unaccent needs an extension that a server may refuse; `translate` is everywhere.

      remove_accents("'Liège'")   ->   'Liege'
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
