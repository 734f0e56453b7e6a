{#
  A query: of the rows that share a key, the first one in an order. Rows that are alike in every named column
  are one; rows of a key that tie in the whole order are all kept, so that a `unique` test shows them: add
  columns to order_by until none tie. A null key is a key like the others; a null in a column of the order comes
  last, ascending or descending.

  PostgreSQL: rank(). Denodo never runs a window function itself: for each column of the order, the least (or
  greatest) value of each key, joined back to the rows.

      {{ deduplicate(ref('stg_ecoles__ecoles'), ['fase', 'nom'], ['fase'], ['recu_le desc']) }}

  relation: a relation or the name of a CTE. columns: list of the columns to give. partition_by: list of the
  columns of the key; empty, all rows share one key. order_by: list of columns, each with `asc` (by default) or `desc`.
#}
{% macro deduplicate(relation, columns, partition_by, order_by) -%}
    {{ return(adapter.dispatch('deduplicate', 'donnees_au_centre')(relation, columns, partition_by, order_by)) }}
{%- endmacro %}

{% macro default__deduplicate(relation, columns, partition_by, order_by) -%}
    {{- check_deduplicate(columns, partition_by, order_by) -}}
    select distinct {{ columns | join(', ') }}
    from (
        select
            {{ columns | join(', ') }},
            rank() over (
                {% if partition_by %}partition by {{ partition_by | join(', ') }}{% endif %}
                order by {{ order_by | join(' nulls last, ') }} nulls last
            ) as rang_dans_la_cle
        from {{ relation }}
    ) as lignes_classees
    where rang_dans_la_cle = 1
{%- endmacro %}

{% macro denodo__deduplicate(relation, columns, partition_by, order_by) -%}
    {{- check_deduplicate(columns, partition_by, order_by) -}}
    {%- set state = namespace(rows=relation ~ ' as lignes') -%}
    {%- for item in order_by -%}
        {%- set column = item.split()[0] -%}
        {%- set least = 'max' if item.lower().endswith(' desc') else 'min' -%}
        {%- set first = 'premiers_' ~ loop.index -%}
        {%- set keys = [] -%}
        {%- set same = [] -%}
        {%- for key in partition_by -%}
            {%- do keys.append('lignes.' ~ key) -%}
            {%- do same.append(same_or_both_null('lignes.' ~ key, first ~ '.' ~ key)) -%}
        {%- endfor -%}
        {%- do same.append(same_or_both_null('lignes.' ~ column, first ~ '.premiere_valeur')) -%}
        {%- set state.rows = state.rows ~ "
    inner join (
        select " ~ (keys + [least ~ "(lignes." ~ column ~ ") as premiere_valeur"]) | join(', ') ~ "
        from " ~ state.rows ~ ("
        group by " ~ keys | join(', ') if keys else "") ~ "
    ) as " ~ first ~ "
        on " ~ same | join('
        and ') -%}
    {%- endfor -%}
    select distinct lignes.{{ columns | join(', lignes.') }}
    from {{ state.rows }}
{%- endmacro %}


{# A condition: two columns are equal, or both null. #}
{% macro same_or_both_null(left_column, right_column) -%}
    ({{ left_column }} = {{ right_column }} or ({{ left_column }} is null and {{ right_column }} is null))
{%- endmacro %}


{# Refuses lists that are empty (but for the key), `*`, and an order that is no column. #}
{% macro check_deduplicate(columns, partition_by, order_by) -%}
    {%- for argument, names in {
        "« columns »": columns, "« partition_by »": partition_by, "« order_by »": order_by
    }.items() -%}
        {{- check_list('deduplicate', argument, names, 0 if argument == "« partition_by »" else 1) -}}
        {%- set shape = '[a-z][a-z0-9_]*' ~ ('( (asc|desc))?' if argument == "« order_by »" else '') -%}
        {%- for name in names if not modules.re.fullmatch(shape, name) -%}
            {{ refuse_argument(
                'deduplicate',
                "dans " ~ argument ~ ", « " ~ name ~ " » n'est pas un nom de colonne",
                "nommez les colonnes une à une, en minuscules ; dans order_by, suivies de asc ou de desc"
            ) }}
        {%- endfor -%}
    {%- endfor -%}
{%- endmacro %}
