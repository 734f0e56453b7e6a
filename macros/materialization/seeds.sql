{#
  A seed is emptied and filled again while its columns stay; when one came, went, or has another type, the
  table is made anew, for dbt would keep the old shape (a column of nulls, 007 read as 7). Both wait until
  nobody reads it.
#}
{% macro postgres__reset_csv_table(model, full_refresh, old_relation, agate_table) %}
    {%- if not full_refresh and seed_keeps_columns(model, old_relation, agate_table) -%}
        {%- set emptying = 'truncate table ' ~ old_relation.render() -%}
        {%- do when_free(old_relation, emptying ~ ';') -%}
        {{ return(emptying) }}
    {%- endif -%}
    {%- set readers = views_reading(old_relation) -%}
    {%- if readers -%}
        {%- do exceptions.warn(
            "Les colonnes de " ~ old_relation.schema ~ "." ~ old_relation.identifier ~ " ont changé : la table est "
            ~ "refaite, et PostgreSQL supprime avec elle " ~ readers | join(', ')
            ~ ". Que faire : reconstruire aussi l'aval, make build SELECT=" ~ model.name ~ "+."
        ) -%}
    {%- endif -%}
    {%- do drop_when_free(old_relation) -%}
    {{ return(create_csv_table(model, agate_table)) }}
{% endmacro %}


{# True when the table has the columns of the seed's file: same names, same types, same order. #}
{% macro seed_keeps_columns(model, old_relation, agate_table) %}
    {%- set declared = model.config.get('column_types', {}) -%}
    {%- set columns = [] -%}
    {%- for name in agate_table.column_names -%}
        {%- set type = declared.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
        {%- do columns.append(adapter.quote_seed_column(name, model.config.get('quote_columns')) ~ ' ' ~ type) -%}
    {%- endfor -%}
    {%- set probe = old_relation.identifier[:40] ~ '__colonnes' -%}
    {% call statement('create_probe') -%}
        create temporary table {{ probe }} ({{ columns | join(', ') }})
    {%- endcall %}
    {%- set changed = changed_columns(old_relation, probe) -%}
    {% call statement('drop_probe') -%}
        drop table pg_temp.{{ probe }}
    {%- endcall %}
    {{ return(changed == 0 and adapter.get_columns_in_relation(old_relation) | length == columns | length) }}
{% endmacro %}
