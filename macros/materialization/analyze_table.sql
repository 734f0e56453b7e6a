{#
  Statistics for a table just built. Without them PostgreSQL plans the next model blind, until its own
  housekeeping passes a minute later: a join of 2,700 rows then took ten minutes instead of one second.
#}
{% macro analyze_table() -%}
    {%- if model.config.materialized not in ('view', 'ephemeral') and not is_versioned(model) -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}
