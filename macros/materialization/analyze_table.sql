{#
  Statistics for a table just built. Without them PostgreSQL plans the next model blind, until its own
  housekeeping passes a minute later: a join of 2,700 rows then took ten minutes instead of one second.
#}
{% macro analyze_table() -%}
    {%- if model.config.materialized not in ('view', 'ephemeral') and not is_versioned(model) and not hardly_changed() -%}
        analyze {{ this }}
    {%- endif -%}
{%- endmacro %}


{#
  True for a large table that is filled load by load and of which less than a tenth changed: its statistics hold, and
  looking at it anew takes seconds. PostgreSQL does so by itself from a tenth on. The loader does as much with raw
  tables (donnees_au_centre/landing/tables.py, refresh_statistics). Never of écarts: the summary asks
  when they were made, and this is what tells.
#}
{% macro hardly_changed() -%}
    {%- if not execute or model.config.materialized != 'by_load' or model.name.endswith('_ecarts') -%}
        {{ return(false) }}
    {%- endif -%}
    {#- Changes of transactions that ended, and of this one; counters that were lost say nothing of it. -#}
    {%- set stands = run_query(
        "select reltuples >= 1000000 and reltuples / 10 > pg_stat_get_mod_since_analyze(oid) "
        ~ "+ pg_stat_get_xact_tuples_inserted(oid) + pg_stat_get_xact_tuples_deleted(oid) "
        ~ "and num_nonnulls(pg_stat_get_last_analyze_time(oid), pg_stat_get_last_autoanalyze_time(oid)) > 0 "
        ~ "from pg_class where oid = to_regclass('" ~ this ~ "')"
    ) -%}
    {{ return(stands.rows[0][0]) }}
{%- endmacro %}
