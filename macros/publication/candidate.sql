{#
  True for a mart that readers know by a view over its last good table (docs/architecture.md): a table of the
  marts layer.
#}
{% macro is_versioned(node) -%}
    {{ return(
        node.resource_type == 'model' and node.fqn | length > 3 and node.fqn[2] == 'marts'
        and node.config.materialized == 'table'
    ) }}
{%- endmacro %}


{#
  The table that this build makes of a mart, in the schema of its versions. The platform, which offers the marts
  of a domain together, has already put it there: then it is `this`.
#}
{% macro candidate_of(stable) -%}
    {%- if this.schema == stable.schema ~ '_versions' -%}
        {{ return(this.incorporate(type='table')) }}
    {%- endif -%}
    {{ return(api.Relation.create(
        database=stable.database,
        schema=stable.schema ~ '_versions',
        identifier=stable.identifier ~ '__c' ~ run_started_at.strftime('%Y%m%d_%H%M%S_%f')[:-3],
        type='table'
    )) }}
{%- endmacro %}
