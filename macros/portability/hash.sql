{#
  The MD5 digest of a text in base64, 24 characters: the same key whichever engine computes it. Override of
  dbt's own `hash`, whose hexadecimal text VQL cannot give.

  PostgreSQL: md5() gives hexadecimal; decode and encode write the same sixteen bytes in base64. Denodo: HASH
  is exactly that.

      {{ dbt.hash("'text value'") }}   ->   'eNV9lLZhJ1lex1ztvwnajg=='

  field: SQL expression, cast to text as dbt does; null stays null.
#}
{% macro postgres__hash(field) -%}
    encode(decode(md5(cast({{ field }} as text)), 'hex'), 'base64')
{%- endmacro %}

{% macro denodo__hash(field) -%}
    hash(cast({{ field }} as text))
{%- endmacro %}
