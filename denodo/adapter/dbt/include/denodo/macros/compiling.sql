{#
  What dbt would ask a server. The connections refuse already; these macros exist because dbt looks for
  them by name, and its own words for a missing macro would not say what to do.
#}
{% macro denodo__list_relations_without_caching(schema_relation) -%}
    {{ return(denodo__refuse('list_relations_without_caching')) }}
{%- endmacro %}

{% macro denodo__get_columns_in_relation(relation) -%}
    {{ return(denodo__refuse('get_columns_in_relation')) }}
{%- endmacro %}

{% macro denodo__refuse(name) -%}
    {{ exceptions.raise_compiler_error(
        "La macro " ~ name ~ " interroge le serveur ; la cible denodo compile seulement, sans serveur. "
        ~ "Que faire : écrivez la liste des colonnes ou des relations dans le modèle."
    ) }}
{%- endmacro %}
