{# The condition that keeps, in plateforme.chargements, the receipts of one source table. #}
{% macro receipts_of(relation) -%}
    concat('raw_', domaine) = '{{ relation.schema }}' and table_nom = '{{ relation.identifier }}'
{%- endmacro %}
