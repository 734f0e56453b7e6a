{#
  Of a test of rows that stand load by load, what it need look at: {note, only, received, touched, files, raw, loads}.
  `only` is the condition of the loads that were made or changed since the test last passed, `received` the same of the
  source table `raw`, `touched` and `files` the lists of their files and of those of the others (a source that is read
  from where it ended brings one file by several loads: it is in both); none when it is to look at all. `loads` are
  those of each file. `note` is a comment: up to where everything is proven if the test now passes.
  The platform says what was proven, of the same test as now alone (donnees_au_centre/building/reuse.py); without it,
  nothing is asked of the database.

  The test reads one source table, or models filled of its loads (by_load), and fails by its first row.
#}
{% macro loads_to_prove() -%}
    {%- set whole = {'note': '', 'only': none, 'received': none, 'touched': none, 'files': none, 'raw': none, 'loads': {}} -%}
    {%- set proven = (model.config.meta or {}).get('eprouve') -%}
    {%- if not execute or proven is none -%}{{ return(whole) }}{%- endif -%}
    {%- set judged = [model.config.error_if, model.config.warn_if, model.config.fail_calc] -%}
    {%- if judged != ['!= 0', '!= 0', 'count(*)'] or model.config.limit -%}{{ return(whole) }}{%- endif -%}
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
    {%- if not run_query('select ' ~ is_watched_sql(raw, 'noter')).rows[0][0] -%}{{ return(whole) }}{%- endif -%}
    {#- Passages of the tables' loads, changes of the source's rows, its loads: the last; and how many changes. -#}
    {%- set known = (proven or '-1.-1.-1.0').split('.') | map('int') | list -%}
    {%- set now = namespace(passage=0, change=0, load=0, changes=0, late=false) -%}
    {%- set unproven, unproven_files, kept, files, loads_of = [], [], [], [], {} -%}
    {%- for load, change, passage, held, of, before, changes in run_query(loads_proven_sql(raw, tables, known[1])) -%}
        {%- if load > known[2] or change > known[1] or passage > known[0] or held < tables | length -%}
            {%- do unproven.append(load) -%}
            {%- do unproven_files.extend(fromjson(of or '[]')) -%}
        {%- else -%}
            {%- do kept.append(load) -%}
            {%- do files.extend(fromjson(of)) -%}
        {%- endif -%}
        {%- for file in fromjson(of or '[]') -%}{%- do loads_of.setdefault(file, []).append(load) -%}{%- endfor -%}
        {%- set now.load = [now.load, load] | max -%}
        {%- set now.change = [now.change, change] | max -%}
        {%- set now.passage = [now.passage, passage] | max -%}
        {%- set now.changes = changes -%}
        {#- A change that had its number before this test passed, and was seen after. -#}
        {%- set now.late = before != known[3] -%}
    {%- endfor -%}
    {%- set part = kept and not now.late and unproven | length <= kept | length -%}
    {{ return({
        'note': '/* éprouvé : ' ~ [now.passage, now.change, now.load, now.changes] | join('.') ~ ' */',
        'only': of_loads_sql(unproven) if part else none,
        'received': of_loads_sql(unproven, unproven_files) if part else none,
        'touched': unproven_files if part else none,
        'files': files if part else none,
        'raw': raw,
        'loads': loads_of
    }) }}
{%- endmacro %}


{# SQL, a condition: the rows of some loads, and of their files where it is of a source table. #}
{% macro of_loads_sql(loads, files=none) -%}
    chargement_id in ({{ loads | join(', ') or 'null' }})
    {%- if files is not none %} and source_fichier in (
        {%- for file in files | unique %}{{ ', ' if not loop.first }}{{ text_literal(file) }}{% else %}null{% endfor -%}
    ){% endif %}
{%- endmacro %}


{#
  SQL: each load of a raw table or of tables filled of it: its last change, its last passage, how many hold it, its
  files; and of the raw table, how many changes there are up to the number `until`, and up to the last one.
#}
{% macro loads_proven_sql(raw, tables, until) -%}
    with recursive {{ loads_of_source_sql(raw) }},

    {%- for node in tables %}

    {{ standing_values_sql(node.relation_name, 'chargement_id', 'presents_' ~ loop.index) }},
    {%- endfor %}

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
    ),

    modifications as (
        select
            coalesce(sum(case when numero <= {{ until }} then 1 end), 0) as avant,
            count(*) as toutes
        from {{ changed_rows(raw) }}
        where table_nom = '{{ raw.identifier }}'
    ),

    connus as (
        select chargement_id from voulus
        union
        select chargement_id from tenus
        {%- for node in tables %}
        union
        select chargement_id from presents_{{ loop.index }}
        {%- endfor %}
    )

    select
        connus.chargement_id,
        coalesce(cast(nullif(split_part(voulus.version, '.', 2), '') as bigint), 0) as modification,
        coalesce(tenus.passage, 0) as passage,
        -- One that is not in the raw table is to be looked at.
        case when voulus.chargement_id is null then -1 else coalesce(tenus.tables, 0) end as tables,
        voulus.fichiers,
        modifications.avant,
        modifications.toutes
    from connus
    left join voulus
        on connus.chargement_id = voulus.chargement_id
    left join tenus
        on connus.chargement_id = tenus.chargement_id
    cross join modifications
    where connus.chargement_id is not null
{%- endmacro %}


{#
  SQL: the columns of a key, as `in` compares them. Nulls are equal to each other in a key, as `group by` has them;
  a column that staging requires has none.
#}
{% macro same_key_sql(columns) -%}
    {%- set needed = [] -%}
    {%- set tested = graph.nodes.get(model.attached_node) or {} -%}
    {%- for entry in ((tested.config or {}).meta or {}).get('lecture', []) if entry.requis -%}
        {%- do needed.extend(entry.noms) -%}
    {%- endfor -%}
    {%- for column in columns -%}
        {{ ', ' if not loop.first }}{{ column if column in needed else "coalesce(to_jsonb(" ~ column ~ "), 'null')" }}
    {%- endfor -%}
{%- endmacro %}


{#
  SQL, a condition: the rows of which the key lies between the bounds of the keys of some loads, where PostgreSQL
  expects few others there; "" where it does not. Whatever equals a key of theirs is between these bounds.
#}
{% macro near_keys_sql(model, columns, only) -%}
    {%- set ordered = ['text', 'character varying', 'smallint', 'integer', 'bigint', 'numeric', 'date'] -%}
    {%- set bounded, bounds = [], [] -%}
    {%- for column in adapter.get_columns_in_relation(model) if column.name in columns and column.dtype in ordered -%}
        {#- Bytes in order: what is equal has the same ones. -#}
        {%- set value = column.quoted ~ (' collate "C"' if column.dtype in ordered[:2]) -%}
        {%- do bounded.append({'value': value, 'name': column.quoted, 'type': column.dtype}) -%}
        {%- do bounds.append('cast(min(' ~ value ~ ') as text), cast(max(' ~ value ~ ') as text)') -%}
    {%- endfor -%}
    {%- if not bounded -%}{{ return('') }}{%- endif -%}
    {#- As PostgreSQL writes them: a table of dbt makes numbers, dates and booleans of texts. -#}
    {%- call statement('bounds', fetch_result=True) -%}
        select {{ bounds | join(', ') }} from {{ model }} where {{ only }}
    {%- endcall -%}
    {%- set found = load_result('bounds')['data'][0] -%}
    {%- set near = [] -%}
    {%- for one in bounded -%}
        {%- set low, high = found[2 * loop.index0], found[2 * loop.index0 + 1] -%}
        {%- if low is none -%}
            {%- do near.append(one.name ~ ' is null') -%}
        {%- else -%}
            {%- set between = [] -%}
            {%- for sign, bound in (('>=', low), ('<=', high)) -%}
                {%- do between.append(one.value ~ ' ' ~ sign ~ ' cast(' ~ text_literal(bound) ~ ' as ' ~ one.type ~ ')') -%}
            {%- endfor -%}
            {%- do near.append('(' ~ (between | join(' and ')) ~ ' or ' ~ one.name ~ ' is null)') -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set near = near | join(' and ') -%}
    {#- Both by the planner, which changes no result: asked of the catalogue, every key would pass for one that
        moves, and never be taken as it was. -#}
    {%- set rows = [] -%}
    {%- for condition in ('', ' where ' ~ near) -%}
        {%- set plan = run_query('explain (format json) select from ' ~ model ~ condition).rows[0][0] -%}
        {%- do rows.append((fromjson(plan) if plan is string else plan)[0]['Plan']['Plan Rows']) -%}
    {%- endfor -%}
    {{ return(near if rows[1] * 5 < rows[0] else '') }}
{%- endmacro %}
