{#
  One schema for all that Elementary writes, apart from the AGs' own. DBT_SCHEMA_PREFIX puts an analyst's
  prefix in front, as the project does, and is refused on prod for the same reason.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set prefix = env_var('DBT_SCHEMA_PREFIX', '') -%}
    {%- if prefix and target.name == 'prod' -%}
        {{ exceptions.raise_compiler_error(
            "DBT_SCHEMA_PREFIX=" ~ prefix ~ " est défini alors que la cible est prod. "
            ~ "Que faire : unset DBT_SCHEMA_PREFIX, ou choisissez DBT_TARGET=staging."
        ) }}
    {%- endif -%}
    {{ (prefix ~ '_' if prefix else '') ~ 'elementary' }}
{%- endmacro %}
