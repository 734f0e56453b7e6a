{#
  dbt-postgres renames the old view away and drops it with CASCADE: every view built on it disappears,
  in a green run. PostgreSQL can replace a view in place as long as its columns stay (same names, same
  types, same order; new ones at the end), and then nothing that reads it is touched. This materialization
  does so whenever it can, and otherwise falls back to dbt's own way, naming what goes with the old view.
#}
{% materialization view, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target_relation = this.incorporate(type='view') -%}

    {%- if existing is none -%}
        {{ return(materialization_view_default()) }}
    {%- endif -%}

    {%- if not existing.is_view -%}
        {%- do drop_when_free(existing) -%}
        {{ return(materialization_view_default()) }}
    {%- endif -%}

    {%- if not view_keeps_columns(existing, sql) -%}
        {%- set readers = views_reading(existing) -%}
        {%- if readers -%}
            {%- do exceptions.warn(
                "Les colonnes de " ~ existing ~ " ont changé : la vue est recréée, et PostgreSQL supprime avec elle "
                ~ readers | join(', ') ~ ". Que faire : reconstruire aussi l'aval, dbt build -s " ~ model.name ~ "+."
            ) -%}
        {%- endif -%}
        {#- In the transaction that makes it again. -#}
        {%- do drop_when_free(existing) -%}
        {{ return(materialization_view_default()) }}
    {%- endif -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set replacing = get_replace_view_sql(target_relation, sql) -%}
    {#- With the rights: a masked view made again is taken from readers who may wait for this one. -#}
    {%- do when_free(
        target_relation,
        'execute $remplacer_la_vue$' ~ replacing ~ '$remplacer_la_vue$; '
        ~ ('execute $donner_les_droits$' ~ apply_access() ~ '$donner_les_droits$;' if apply_access() | trim else '')
    ) -%}
    {% call noop_statement('main', 'CREATE VIEW', 'CREATE VIEW') -%}
        {{ replacing }}
    {%- endcall %}

    {% do apply_grants(target_relation, config.get('grants'), should_revoke=True) %}
    {% do persist_docs(target_relation, model) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_relation]}) }}
{% endmaterialization %}


{#
  True when `create or replace view` would be accepted: PostgreSQL's catalogue compares the existing view
  with a temporary one made from the new SQL, so that types are compared exactly.
#}
{% macro view_keeps_columns(existing, sql) %}
    {%- set probe = existing.identifier[:40] ~ '__colonnes' -%}
    {% call statement('create_probe') -%}
        create temporary view {{ probe }} as ({{ sql }})
    {%- endcall %}
    {%- set changed = changed_columns(existing, probe) -%}
    {% call statement('drop_probe') -%}
        drop view pg_temp.{{ probe }}
    {%- endcall %}
    {{ return(changed == 0) }}
{% endmacro %}


{# How many columns of a relation a temporary one does not have, with the same place, name and type. #}
{% macro changed_columns(existing, probe) %}
    {% call statement('compare', fetch_result=True) -%}
        select count(*) as changed
        from pg_catalog.pg_attribute as before
        left join pg_catalog.pg_attribute as after
            on after.attrelid = 'pg_temp.{{ probe }}'::regclass
            and after.attnum = before.attnum
            and after.attname = before.attname
            and after.atttypid = before.atttypid
            and after.atttypmod = before.atttypmod
        where
            before.attrelid = '{{ existing }}'::regclass
            and before.attnum > 0
            and after.attname is null
    {%- endcall %}
    {{ return(load_result('compare')['data'][0][0]) }}
{% endmacro %}


{# The views that read a relation directly, as schema.name. #}
{% macro views_reading(relation) %}
    {% call statement('readers', fetch_result=True) -%}
        select distinct namespaces.nspname || '.' || readers.relname
        from pg_catalog.pg_depend as dependencies
        inner join pg_catalog.pg_rewrite as rules on dependencies.objid = rules.oid
        inner join pg_catalog.pg_class as readers on rules.ev_class = readers.oid
        inner join pg_catalog.pg_namespace as namespaces on readers.relnamespace = namespaces.oid
        where
            dependencies.refobjid = '{{ relation }}'::regclass
            and readers.oid <> dependencies.refobjid
            -- Masked views are made again with what they mask (macros/access).
            and namespaces.nspname not like '%\_masque'
    {%- endcall %}
    {{ return(load_result('readers')['data'] | map('first') | list) }}
{% endmacro %}
