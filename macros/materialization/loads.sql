{# The one relation that a model by load reads: {relation, name, is_source}. #}
{% macro read_by_load() -%}
    {%- set read = model.depends_on.nodes | unique | list -%}
    {%- set node = (graph.sources.get(read[0]) or graph.nodes.get(read[0])) if read | length == 1 -%}
    {%- set is_source = node and node.resource_type == 'source' -%}
    {%- if not node or not is_source and node.config.materialized != 'by_load' or node.relation_name not in sql -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " est rempli par chargement (by_load) : il doit lire une table qui a des chargements, et une "
            ~ "seule. Il lit : " ~ (read | join(', ') or 'rien') ~ ".\nQue faire : ne lisez qu'une table source, ou "
            ~ "qu'un modèle by_load ; faites les jointures dans un modèle de plus, en table."
        ) -%}
    {%- endif -%}
    {%- set code = model.raw_code | lower -%}
    {%- set across = modules.re.search('latest_file|latest_rows|deduplicate|\\bover *[(]|\\blimit\\b', code) -%}
    {%- if across or 'group by' in code and 'chargement_id' not in code -%}
        {%- do exceptions.raise_compiler_error(
            model.name ~ " est rempli par chargement (by_load), et son SQL compare ou additionne les lignes de plusieurs "
            ~ "chargements" ~ (' (' ~ across.group() ~ ')' if across else '') ~ ".\nQue faire : ajoutez chargement_id au "
            ~ "group by, ou faites cela dans un modèle de plus, en table."
        ) -%}
    {%- endif -%}
    {{ return({
        'relation': api.Relation.create(
            database=node.database, schema=node.schema, identifier=node.identifier if is_source else node.alias
        ),
        'name': node.relation_name,
        'is_source': is_source
    }) }}
{%- endmacro %}


{# The table of the loads that the tables of a domain hold, beside the versions of its marts. #}
{% macro held_loads() -%}
    {%- set prefix = env_var('DBT_SCHEMA_PREFIX', '') -%}
    {{ return(api.Relation.create(
        database=target.dbname, schema=(prefix ~ '_' if prefix else '') ~ model.fqn[1] ~ '_versions',
        identifier='chargements_tenus'
    )) }}
{%- endmacro %}


{#
  SQL: makes held_loads, if it is not there, and the function that forgets what the loads of rows that somebody
  changes were made of. It has the rights of who made it: whoever erases a person need not write there.
#}
{% macro make_held_loads_sql() -%}
    {%- set held = held_loads() -%}
    {%- set forget = held.include(identifier=false, database=false) ~ '.oublier_chargements' -%}
    do $faire$
    begin
        -- A former one, that does not say how many rows a load has, is made anew.
        if not exists (
            select from pg_catalog.pg_attribute where attrelid = to_regclass('{{ held }}') and attname = 'lignes'
        ) then
            drop table if exists {{ held }};
            if to_regnamespace('{{ adapter.quote(held.schema) }}') is null then
                create schema {{ adapter.quote(held.schema) }};
            end if;
            create table {{ held }} (
                schema_nom text not null,
                table_nom text not null,
                chargement_id bigint not null,
                -- From the clock: one that is made again must not give numbers that were given.
                passage bigint generated always as identity (start with {{ (run_started_at.timestamp() * 1000) | int }}),
                code text not null,
                d_apres text not null,
                lignes bigint not null,
                primary key (schema_nom, table_nom, chargement_id)
            );
            comment on table {{ held }} is
                'Les chargements dont une table remplie par chargement a les lignes, et de quoi elles sont faites.';
            create or replace function {{ forget }}() returns trigger
            language plpgsql security definer set search_path = pg_catalog, pg_temp
            as $oublier$
            begin
                if tg_op = 'TRUNCATE' then
                    update {{ held }} set code = '', passage = default
                    where schema_nom = tg_table_schema and table_nom = tg_table_name;
                else
                    update {{ held }} set code = '', passage = default
                    where
                        schema_nom = tg_table_schema and table_nom = tg_table_name
                        and chargement_id in (select avant.chargement_id from avant);
                end if;
                return null;
            end
            $oublier$;
            revoke all on function {{ forget }}() from public;
        end if;
    exception when duplicate_schema or duplicate_table or duplicate_function or duplicate_object or unique_violation then
        null;
    end
    $faire$
{%- endmacro %}


{# SQL: has the rows of a table that somebody changes or takes away forgotten by held_loads. #}
{% macro watch_rows_sql(relation) -%}
    {%- set function = held_loads().include(identifier=false, database=false) ~ '.oublier_chargements()' -%}
    {%- for event in ('update', 'delete') %}
    create trigger oublier_{{ event }} after {{ event }} on {{ relation }}
        referencing old table as avant for each statement execute function {{ function }};
    {%- endfor %}
    create trigger oublier_truncate after truncate on {{ relation }}
        for each statement execute function {{ function }};
{%- endmacro %}


{#
  What a build has to make of a table: {anew, code, watched, make, kept, files}; make and kept: [{id, version}];
  files: names of the files of the loads to make, where the table that is read is a source.
#}
{% macro loads_to_make(read, existing) -%}
    {%- set keys = modules.re.findall("current_setting\\('(dac\\.\\w+)'", sql) | unique | sort -%}
    {%- set held = held_loads() -%}
    {%- set watch = 'noter' if read.is_source else 'oublier' -%}
    {% call statement('standing', fetch_result=True) -%}
        select
            encode(sha256(convert_to(concat_ws(
                '/', '{{ local_md5(sql ~ (config.get('indexes') or '')) }}', current_setting('TimeZone'), current_setting('DateStyle')
                {%- for key in keys %}, current_setting('{{ key }}', true){% endfor %}
            ), 'UTF8')), 'hex') as code,
            {{ is_watched_sql(read.relation, watch) }}
            {%- if read.is_source %}
            and coalesce(has_table_privilege(to_regclass('{{ changed_rows(read.relation) }}'), 'select'), false)
            and coalesce(has_table_privilege(to_regclass('{{ present_loads(read.relation) }}'), 'select'), false)
            {%- endif %} as lue_suivie,
            {{ is_watched_sql(this, 'oublier') }} as suivie
    {%- endcall %}
    {%- set standing = load_result('standing')['data'][0] -%}
    {%- set found = {'code': standing[0], 'watched': standing[1], 'make': [], 'kept': [], 'files': [], 'anew': true} -%}
    {%- if not found.watched -%}
        {#- Rows that change without a word are read again each time. -#}
        {{ return(found) }}
    {%- endif -%}
    {% call statement('loads', fetch_result=True) -%}
        with recursive {{ loads_of_source_sql(read.relation) if read.is_source else loads_of_model_sql(read.relation) }},

        tenus as (
            select
                chargement_id,
                case when code = '{{ found.code }}' then d_apres end as d_apres
            from {{ held }}
            where schema_nom = '{{ this.schema }}' and table_nom = '{{ this.identifier }}'
        )

        select voulus.chargement_id, voulus.version, voulus.fichiers, tenus.chargement_id, tenus.d_apres
        from voulus
        full outer join tenus on voulus.chargement_id = tenus.chargement_id
    {%- endcall %}
    {%- set gone = [] -%}
    {%- for wanted, version, files, holding, of in load_result('loads')['data'] -%}
        {%- if wanted is none -%}{%- do gone.append(holding) -%}
        {%- elif version == of -%}{%- do found.kept.append({'id': wanted, 'version': version}) -%}
        {%- else -%}
            {%- do found.make.append({'id': wanted, 'version': version}) -%}
            {%- do found.files.extend(fromjson(files)) if files is not none -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set asked = flags.FULL_REFRESH or env_var('TOUT', '') not in ('', '0') or flags.EMPTY or flags.SAMPLE -%}
    {#- What the clock decides may be another thing today of rows that have not changed. -#}
    {%- set timed = modules.re.search('(?i)current_(?:date|timestamp)|clock_timestamp|\\bnow *[(]|\\blocaltime', sql) -%}
    {%- set stands = existing is not none and existing.is_table and standing[2] -%}
    {%- set few = found.kept and found.make | length + gone | length <= found.kept | length -%}
    {%- if few and stands and not asked and not timed -%}
        {%- do found.update({'anew': false}) -%}
    {%- else -%}
        {%- do found.make.extend(found.kept) -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{# The table of the loads of which rows were changed or taken away, beside a raw table. #}
{% macro changed_rows(raw) -%}
    {{ return(raw.incorporate(path={'identifier': 'lignes_modifiees'})) }}
{%- endmacro %}


{# SQL, a condition: the triggers that tell of changed rows are all there. #}
{% macro is_watched_sql(relation, prefix) -%}
    (
        select count(*) = {{ 4 if prefix == 'noter' else 3 }}
        from pg_catalog.pg_trigger
        where tgrelid = to_regclass('{{ relation }}') and tgname like '{{ prefix }}\_%' and tgenabled = 'O'
    )
{%- endmacro %}


{# The table of the loads of which raw tables have rows, beside them. #}
{% macro present_loads(raw) -%}
    {{ return(raw.incorporate(path={'identifier': 'chargements_presents'})) }}
{%- endmacro %}


{#
  CTEs: the loads that stand in a raw table, `voulus`, with what changes when rows of theirs do. Its rows are read
  only where somebody added some by hand.
#}
{% macro loads_of_source_sql(relation) -%}
    {%- set known = present_loads(relation) ~ " where table_nom = '" ~ relation.identifier ~ "' and chargement_id is " -%}
    presents as (
        select source_fichier, chargement_id
        from {{ known }}not null
        union
        select source_fichier, chargement_id
        from {{ relation }}
        where exists (select from {{ known }}null)
    ),

    voulus as (
        select
            presents.chargement_id,
            -- How many, and the last: of two that end in another order than they began, none is missed.
            concat_ws('.', count(modifiees.numero), max(modifiees.numero)) as version,
            cast(json_agg(distinct presents.source_fichier) as text) as fichiers
        from presents
        left join {{ changed_rows(relation) }} as modifiees
            on modifiees.table_nom = '{{ relation.identifier }}'
            and (presents.chargement_id = modifiees.chargement_id or modifiees.chargement_id is null)
        group by presents.chargement_id
    )
{%- endmacro %}


{# The same of a model by load: what it holds, and since which passage. #}
{% macro loads_of_model_sql(relation) -%}
    voulus as (
        select
            chargement_id,
            passage::text as version,
            cast(null as text) as fichiers
        from {{ held_loads() }}
        where schema_nom = '{{ relation.schema }}' and table_nom = '{{ relation.identifier }}'
    )
{%- endmacro %}


{# Makes the rows of some loads again, in a table that keeps those of some others. #}
{% macro make_loads(relation, read, loads) -%}
    {%- set made = loads.make | map(attribute='id') | list -%}
    {%- set only = 'a_faire__' ~ local_md5(relation | string)[:16] -%}
    {%- set columns = adapter.get_columns_in_relation(relation) | map(attribute='quoted') | join(', ') -%}
    {%- set kept = loads.kept | map(attribute='id') | list -%}
    {% call statement('standing_loads', fetch_result=True) -%}
        lock table {{ relation }} in share row exclusive mode;
        with recursive {{ standing_values_sql(relation, 'chargement_id', 'presents') }}

        select chargement_id from presents
        where chargement_id is not null
    {%- endcall %}
    {#- Also those that nobody knows any more. -#}
    {%- set leaving = load_result('standing_loads')['data'] | map('first') | reject('in', kept) | list -%}
    {% if made or leaving %}
    {% call statement('make_again') -%}
    {%- if leaving %}
    delete from {{ relation }} where chargement_id in ({{ leaving | join(', ') }});
    {%- endif %}
    {%- if made %}
    create temporary view {{ only }} as
        select * from {{ read.relation }}
        where
            chargement_id in ({{ made | join(', ') }})
            {%- if loads.files %}
            and source_fichier in (
                {%- for file in loads.files | unique %}{{ ', ' if not loop.first }}{{ text_literal(file) }}{% endfor -%}
            )
            {%- endif %};
    insert into {{ relation }} ({{ columns }})
    select {{ columns }} from ({{ sql | replace(read.name, 'pg_temp.' ~ only) }}) as faites;
    drop view pg_temp.{{ only }};
    -- A BRIN index knows nothing of pages that came after it: they would be read by every search.
    select brin_summarize_new_values(index.indexrelid)
    from pg_catalog.pg_index as index
    inner join pg_catalog.pg_class as named
        on index.indexrelid = named.oid
    inner join pg_catalog.pg_am as way
        on named.relam = way.oid and way.amname = 'brin'
    where index.indrelid = to_regclass('{{ relation }}');
    {%- endif %}
    {%- endcall %}
    {% endif %}
{%- endmacro %}


{# A CTE: the values of an indexed column, and null. One step of the index a value. #}
{% macro standing_values_sql(relation, column, name) -%}
    {{ name }} as (
        select min({{ column }}) as {{ column }}
        from {{ relation }}
        union all
        select (select min({{ column }}) from {{ relation }} where {{ column }} > {{ name }}.{{ column }})
        from {{ name }}
        where {{ name }}.{{ column }} is not null
    )
{%- endmacro %}


{# SQL: notes which loads a table now holds, and how many rows of each: {load: rows} of those that were made. #}
{% macro hold_loads_sql(relation, loads, rows) -%}
    {%- set mine = "schema_nom = '" ~ relation.schema ~ "' and table_nom = '" ~ relation.identifier ~ "'" -%}
    delete from {{ held_loads() }}
    where {{ mine }}
    {%- if not loads.anew %}
        and chargement_id not in ({{ loads.kept | map(attribute='id') | join(', ') }})
    {%- endif %};
    {%- set held = loads.make -%}
    {%- if not loads.watched -%}
        {%- set held = [] -%}
        {%- for id in rows -%}{%- do held.append({'id': id, 'version': ''}) -%}{%- endfor -%}
    {%- endif -%}
    {%- if held %}
    insert into {{ held_loads() }} (schema_nom, table_nom, chargement_id, code, d_apres, lignes) values
        {%- for load in held %}
        (
            '{{ relation.schema }}', '{{ relation.identifier }}', {{ load.id }},
            '{{ loads.code if loads.watched }}', '{{ load.version }}', {{ rows.get(load.id, 0) }}
        )
        {{- ',' if not loop.last }}
        {%- endfor %};
    {%- endif %}
{%- endmacro %}


{# SQL: how many rows a table has of each load that was made. #}
{% macro made_rows_sql(relation, loads) -%}
    select
        chargement_id,
        count(*) as lignes
    from {{ relation }}
    where
        {{ 'true' if loads.anew else 'chargement_id in (' ~ (loads.make | map(attribute='id') | join(', ') or 'null') ~ ')' }}
    group by chargement_id
{%- endmacro %}


{# SQL: how many rows a table has, by what it is noted to hold: counting them would read them all. #}
{% macro held_rows_sql(relation) -%}
    select coalesce(sum(lignes), 0)::bigint
    from {{ held_loads() }}
    where schema_nom = '{{ relation.schema }}' and table_nom = '{{ relation.identifier }}'
{%- endmacro %}
