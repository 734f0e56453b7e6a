{#
  A text as a SQL literal: between apostrophes, its own apostrophes doubled. Neither PostgreSQL nor VQL gives
  the backslash a meaning there.

      text_literal("l'école")   ->   'l''école'
#}
{% macro text_literal(value) -%}
    '{{ value | replace("'", "''") }}'
{%- endmacro %}


{#
  A text in which nothing has a meaning for a regular expression.

      pattern_of_text('1.5')   ->   1\.5
#}
{% macro pattern_of_text(value) -%}
    {{ modules.re.sub('([][\\\\.^$*+?(){}|&-])', '\\\\\\1', value) }}
{%- endmacro %}
