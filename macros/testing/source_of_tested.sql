{# The name of the model that the generic test in progress is about. #}
{% macro tested_name() -%}
    {#- dbt keeps the call as the YAML gives it: {{ get_where_subquery(ref('stg_index__traitements')) }}. -#}
    {{ return(modules.re.search("ref\\('(\\w+)'\\)", model.test_metadata.kwargs.model).group(1)) }}
{%- endmacro %}


{# The one source table that the tested model reads, for a test that is not given it. #}
{% macro source_of_tested() -%}
    {%- if execute -%}
        {%- set read = graph.nodes[model.attached_node].depends_on.nodes | select('in', graph.sources) | list -%}
        {%- if read | length != 1 -%}
            {{ refuse_argument(
                model.test_metadata.name,
                tested_name() ~ ' ne lit pas une table source et une seule',
                "dites laquelle : arguments: {origin: source('<source>', '<table>')}"
            ) }}
        {%- endif -%}
        {{ return(graph.sources[read[0]].relation_name) }}
    {%- endif -%}
{%- endmacro %}
