{#
  When a raw table last received a file, for dbt's source freshness. The audit knows the receipts that
  changed nothing (the same file again), which the rows' own loading time cannot show.
  A table that never received anything yields null, which dbt reads as infinitely old.
#}
{% macro latest_receipt(relation) -%}
    select max(recu_le) as recu_le
    from plateforme.chargements
    where
        concat('raw_', domaine) = '{{ relation.schema }}'
        and table_nom = '{{ relation.identifier }}'
        and statut in ('charge', 'remplace', 'identique')
{%- endmacro %}
