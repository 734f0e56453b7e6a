{#
  Gives a relation that was just built the rights that are declared: grants, row filter, masked view.
  dbt makes a new table and swaps it for the old one, whose rights it loses; this is a post-hook, in the
  same transaction, so that nobody ever sees the new table without them.
  Nothing happens where `make access` was never run: only the owner reads then. An analyst's own schemas
  (DBT_SCHEMA_PREFIX) are nobody else's.
#}
{% macro apply_access() -%}
    {%- if not env_var('DBT_SCHEMA_PREFIX', '') and model.config.materialized != 'ephemeral' -%}
        do $$
        begin
            if exists (select from pg_catalog.pg_namespace where nspname = 'acces') then
                perform acces.appliquer('{{ this.schema }}', '{{ this.identifier }}');
            end if;
        end
        $$
    {%- endif -%}
{%- endmacro %}
