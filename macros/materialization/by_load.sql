{#
  A table that is filled load by load: the rows of a load are made once, and made again only when that load was
  replaced, withdrawn or changed (a person erased, a cell rectified). It is made anew when its code has changed,
  with --full-refresh or TOUT=1, or when most loads are to be made again anyway.

  The model reads one table that has the loads, a source that the loader fills or another model by load; each of
  its rows comes of the rows of one load, and has its chargement_id. `staging(…, stored=true)` and `issues` write
  such models. held_loads says which loads a table holds, and of what.
#}
{% materialization by_load, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set read = read_by_load() -%}
    {% call statement('held_loads') -%}
        {{ make_held_loads_sql() }}
    {%- endcall %}
    {{ adapter.commit() }}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set loads = loads_to_make(read, existing) -%}
    {%- if loads.anew -%}
        {%- set candidate = make_intermediate_relation(target_relation) -%}
        {{ drop_relation_if_exists(load_cached_relation(candidate)) }}
        {% call statement('main') -%}
            {{ get_create_table_as_sql(False, candidate, sql) }}
        {%- endcall %}
        {% call statement('watch') -%}
            create index on {{ candidate }} (chargement_id);
            {{ watch_rows_sql(candidate) }}
        {%- endcall %}
        {% do create_indexes(candidate) %}
        {% do persist_docs(candidate, model) %}
        {%- if existing is not none -%}
            {% do refuse_bad_table(candidate, existing) %}
            {% do drop_when_free(existing) %}
        {%- endif -%}
        {{ adapter.rename_relation(candidate, target_relation) }}
    {%- else -%}
        {% do make_loads(target_relation, read, loads) %}
        {% do persist_docs(target_relation, model) %}
    {%- endif -%}
    {% call statement('made_rows', fetch_result=True) -%}
        {{ made_rows_sql(target_relation, loads) }}
    {%- endcall %}
    {% call statement('hold') -%}
        {{ hold_loads_sql(target_relation, loads, dict(load_result('made_rows')['data'])) }}
    {%- endcall %}
    {%- if not loads.anew -%}
        {#- What the history notes is how many rows the table has, as of any other. -#}
        {% call statement('rows', fetch_result=True) -%}
            {{ held_rows_sql(target_relation) }}
        {%- endcall %}
        {%- set rows = load_result('rows')['data'][0][0] -%}
        {% call noop_statement('main', 'SELECT ' ~ rows, 'SELECT', rows) -%}
            {{ sql }}
        {%- endcall %}
    {%- endif -%}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(target_relation, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=loads.anew)) %}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}
