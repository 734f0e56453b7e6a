{#
  Builds a mart as a table of its own, checked and analysed; then, unless the platform offers it with the rest of
  its domain, has the mart's view show it.
#}
{% macro make_version() %}
    {#- From its own name: with --defer, dbt draws `graph` anew once the platform has named the candidate. -#}
    {%- set apart = this.schema.endswith('_versions') -%}
    {%- set stable = api.Relation.create(
        database=this.database,
        schema=this.schema.removesuffix('_versions') if apart else this.schema,
        identifier=this.identifier.rpartition('__c')[0] if apart else this.identifier,
        type='view'
    ) -%}
    {%- set candidate = candidate_of(stable) -%}
    {%- set alone = this.schema != candidate.schema -%}
    {%- set existing = adapter.get_relation(stable.database, stable.schema, stable.identifier) -%}
    {%- if alone -%}
        {#- Of two marts that are the first of their domain, one makes it. -#}
        {% call statement('versions_schema') -%}
            do $schema$
            begin
                if to_regnamespace('{{ adapter.quote(candidate.schema) }}') is null then
                    create schema {{ adapter.quote(candidate.schema) }};
                end if;
            exception when duplicate_schema or unique_violation then
                null;
            end
            $schema$
        {%- endcall %}
        {{ adapter.commit() }}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        {{ get_create_table_as_sql(False, candidate, sql) }}
    {%- endcall %}
    {% do create_indexes(candidate) %}
    {% do persist_docs(candidate, model) %}
    {% do refuse_bad_table(candidate, existing, [] if alone else selected_resources) %}
    {% call statement('analyze') -%}
        analyze {{ candidate }}
    {%- endcall %}
    {%- if alone -%}
        {%- set parts = candidate.identifier.rpartition('__c') -%}
        {%- set marts = [{
            'schema': stable.schema, 'nom': stable.identifier, 'candidate': candidate.identifier,
            'version': parts[0] ~ '__v' ~ parts[2]
        }] -%}
        {%- do when_free(stable, offer_sql(dbt.string_literal(dbt.escape_single_quotes(tojson(marts))), columns_may())) -%}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {%- if alone -%}
        {% call statement('prune') -%}
            {{ prune_sql(stable.schema, stable.identifier, versions_kept()) }}
        {%- endcall %}
        {{ adapter.commit() }}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [stable if alone else candidate]}) }}
{% endmacro %}


{# What a build may do of a column that a mart no longer has: see offer_sql. #}
{% macro columns_may() -%}
    {{ return('refuser' if target.name in ('staging', 'prod') else 'refaire') }}
{%- endmacro %}


{# How many versions of a mart stay beside the one that is offered (VERSIONS_GARDEES). #}
{% macro versions_kept() -%}
    {%- set said = env_var('VERSIONS_GARDEES', '') or '1' -%}
    {%- if not said.isdigit() -%}
        {%- do exceptions.raise_compiler_error(
            "VERSIONS_GARDEES vaut « " ~ said ~ " ». Que faire : donnez un nombre de versions à garder : 0, 1, 2…"
        ) -%}
    {%- endif -%}
    {{ return(said | int) }}
{%- endmacro %}
