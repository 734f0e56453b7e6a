{#
  Of a test of rows that stand load by load, what it need look at: {note, only, proven}. `only` is the condition of
  the loads that were made or changed since the test last passed, `proven` that of the others; both none when it is
  to look at all. `note` is a comment that says up to where this run proves. The platform gives what was proven, and only for the same test as now
  (donnees_au_centre/building/reuse.py); without it, nothing is asked of the database.

  The test reads one source table, or models filled of its loads (by_load).
#}
{% macro loads_to_prove() -%}
    {%- set whole = {'note': '', 'only': none, 'proven': none} -%}
    {%- set proven = (model.config.meta or {}).get('eprouve') -%}
    {%- if not execute or proven is none -%}{{ return(whole) }}{%- endif -%}
    {%- set tables = [] -%}
    {%- set roots = [] -%}
    {%- for unique_id in model.depends_on.nodes -%}
        {%- set found = namespace(id=unique_id) -%}
        {%- for _ in range(10) if found.id in graph.nodes -%}
            {%- set node = graph.nodes[found.id] -%}
            {%- if node.config.materialized != 'by_load' -%}{{ return(whole) }}{%- endif -%}
            {%- do tables.append(node) if found.id == unique_id -%}
            {%- set found.id = node.depends_on.nodes[0] -%}
        {%- endfor -%}
        {%- do roots.append(found.id) if found.id not in roots -%}
    {%- endfor -%}
    {%- set source = graph.sources.get(roots[0]) if roots | length == 1 -%}
    {%- if not source or not source.external -%}{{ return(whole) }}{%- endif -%}
    {%- set raw = api.Relation.create(database=source.database, schema=source.schema, identifier=source.identifier) -%}
    {#- Three numbers: the passages of the tables' loads, the changes of the source's rows, its loads. -#}
    {%- set known = (proven or '-1.-1.-1').split('.') | map('int') | list -%}
    {%- set now = namespace(passage=0, change=0, load=0) -%}
    {%- set unproven, kept = [], [] -%}
    {%- for load, change, passage, held in run_query(loads_proven_sql(raw, tables)) -%}
        {%- if load > known[2] or change > known[1] or passage > known[0] or held < tables | length -%}
            {%- do unproven.append(load) -%}
        {%- else -%}
            {%- do kept.append(load) -%}
        {%- endif -%}
        {%- set now.load = [now.load, load] | max -%}
        {%- set now.change = [now.change, change] | max -%}
        {%- set now.passage = [now.passage, passage] | max -%}
    {%- endfor -%}
    {%- set part = kept and unproven | length <= kept | length -%}
    {{ return({
        'note': '/* éprouvé : ' ~ [now.passage, now.change, now.load] | join('.') ~ ' */',
        'only': 'chargement_id in (' ~ (unproven or [0]) | join(', ') ~ ')' if part else none,
        'proven': 'chargement_id in (' ~ kept | join(', ') ~ ')' if part else none
    }) }}
{%- endmacro %}


{# SQL: each load of a raw table or of tables filled of it: its last change, its last passage, how many hold it. #}
{% macro loads_proven_sql(raw, tables) -%}
    with recursive {{ loads_of_source_sql(raw) }},

    tenus as (
        {%- if tables %}
        select
            chargement_id,
            max(passage) as passage,
            count(*) as tables
        from {{ held_loads() }}
        where
            (schema_nom, table_nom) in (
                {%- for node in tables %}{{ ', ' if not loop.first }}('{{ node.schema }}', '{{ node.alias }}'){% endfor -%}
            )
        group by chargement_id
        {%- else %}
        select
            cast(null as bigint) as chargement_id,
            cast(null as bigint) as passage,
            0 as tables
        {%- endif %}
    )

    select
        coalesce(voulus.chargement_id, tenus.chargement_id) as chargement_id,
        coalesce(cast(voulus.version as bigint), 0) as modification,
        coalesce(tenus.passage, 0) as passage,
        coalesce(tenus.tables, 0) as tables
    from voulus
    full outer join tenus on voulus.chargement_id = tenus.chargement_id
    where coalesce(voulus.chargement_id, tenus.chargement_id) is not null
{%- endmacro %}


{#
  SQL: the columns of a key, as `in` compares them. Nulls are equal to each other in a key, as `group by` has them;
  a column that staging requires has none.
#}
{% macro same_key_sql(columns) -%}
    {%- set needed = [] -%}
    {%- for entry in (graph.nodes[model.attached_node].config.meta or {}).get('lecture', []) if entry.requis -%}
        {%- do needed.extend(entry.noms) -%}
    {%- endfor -%}
    {%- for column in columns -%}
        {{ ', ' if not loop.first }}{{ column if column in needed else "coalesce(cast(" ~ column ~ " as text), E'\\x01')" }}
    {%- endfor -%}
{%- endmacro %}
