{#
  dbt-postgres' own table, with three differences. What the model promises of its key and of its size is
  checked on the new table, before it takes the place of the old one (refuse_bad_table). The old one is taken
  away when nobody reads it, without making its readers wait (when_free). And it is dropped in the transaction
  that brings the new one: there is no backup left to stumble over.

  A mart's table takes no place: it is made beside the others, and the mart's view shows it (macros/publication).
#}
{% materialization table, adapter='postgres' %}
    {%- if is_versioned(model) -%}
        {{ return(make_version()) }}
    {%- endif -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set candidate = make_intermediate_relation(target_relation) -%}

    {{ drop_relation_if_exists(load_cached_relation(candidate)) }}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        {{ get_create_table_as_sql(False, candidate, sql) }}
    {%- endcall %}
    {% do create_indexes(candidate) %}
    {% do persist_docs(candidate, model) %}
    {% do refuse_bad_table(candidate, existing) %}

    {% if existing is not none %}
        {% do drop_when_free(existing) %}
    {% endif %}
    {{ adapter.rename_relation(candidate, target_relation) }}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=True)) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
