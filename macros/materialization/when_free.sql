{#
  Runs work that takes a relation from its readers (drop, rename, replace, truncate) when nobody reads it.

  PostgreSQL queues such a request, and every later reader behind it. This one gives up after less than a
  second (and before PostgreSQL looks for deadlocks, which would cost a reader its query), lets the readers
  pass, and asks again; in the end it says who holds the relation. A relation held by PostgreSQL's own
  housekeeping is asked for longer: the housekeeping then gives way.

  The work is PL/pgSQL statements, undone as a whole when the lock does not come. It runs in the transaction
  under way, so that nothing is seen of it before the commit.
#}
{% macro when_free(relation, work) -%}
    {%- set patience = var('patience_verrou', 60) | float -%}
    {%- set found = namespace(free=false, holders='') -%}
    {%- for attempt in range(1 + (patience / 1.8) | int) if execute -%}
        {%- if not found.free -%}
            {%- call statement('attempt') -%}{{ lock_attempt_sql(relation, work) }}{%- endcall -%}
            {%- call statement('holders', fetch_result=True) -%}
                select current_setting('plateforme.tenue_par', true)
            {%- endcall -%}
            {%- set holders = load_result('holders')['data'][0][0] -%}
            {%- set found.free = not holders -%}
            {%- if holders and not found.holders -%}
                {%- do log(
                    relation.schema ~ "." ~ relation.identifier ~ " attend : elle est tenue par " ~ holders
                    ~ ". Nouveaux essais pendant " ~ patience | int ~ " s ; les lecteurs passent.",
                    info=True
                ) -%}
            {%- endif -%}
            {%- set found.holders = holders -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if execute and not found.free -%}
        {%- do exceptions.raise_compiler_error(
            relation.schema ~ "." ~ relation.identifier ~ " n'a pas pu être remplacée : depuis plus de "
            ~ patience | int ~ " s elle est tenue par " ~ found.holders ~ ". L'ancienne reste en place, entière.\n"
            ~ "Que faire : demandez à ce rôle de finir sa transaction ou de fermer sa session (un administrateur "
            ~ "l'arrête par select pg_terminate_backend(<session>);), puis relancez make build SELECT="
            ~ model.name ~ "."
        ) -%}
    {%- endif -%}
{%- endmacro %}


{# One attempt, as a DO block; plateforme.tenue_par then tells who stood in the way, '' when nobody did. #}
{% macro lock_attempt_sql(relation, work) -%}
do $tentative$
declare
    _attente text := current_setting('lock_timeout');
    _relation oid := to_regclass('{{ relation.render() }}');
    _lecteurs oid[];
    _tenue_par text := coalesce(current_setting('plateforme.tenue_par', true), '');
    _lecteur record;
begin
    -- What reads it, the farthest first: the order in which a reader takes its locks.
    with recursive lecteurs as (
        select _relation as oid, 0 as rang
        union all
        -- The views of declared rights that read it through a function, which PostgreSQL does not know (macros/access).
        select restreinte.oid, 1
        from pg_catalog.pg_class as lue
        inner join pg_catalog.pg_namespace as schema_lu on lue.relnamespace = schema_lu.oid
        inner join pg_catalog.pg_namespace as a_part
            on a_part.nspname in (schema_lu.nspname || '_masque', schema_lu.nspname || '_filtre')
        inner join pg_catalog.pg_class as restreinte
            on restreinte.relnamespace = a_part.oid and restreinte.relname = lue.relname and restreinte.relkind = 'v'
        where lue.oid = _relation
        union all
        select regle.ev_class, lecteurs.rang + 1
        from lecteurs
        inner join pg_catalog.pg_depend as lien
            on lien.refobjid = lecteurs.oid
            and lien.refclassid = 'pg_catalog.pg_class'::regclass
            and lien.classid = 'pg_catalog.pg_rewrite'::regclass
        inner join pg_catalog.pg_rewrite as regle on regle.oid = lien.objid and regle.ev_class <> lecteurs.oid
        where lecteurs.rang < 50
    )
    select coalesce(array_agg(vus.oid order by vus.rang desc), '{}') into _lecteurs
    from (select oid, max(rang) as rang from lecteurs where oid is not null and rang > 0 group by oid) as vus;
    perform set_config(
        'lock_timeout', case when _tenue_par like '%autovacuum%' then '2000ms' else '800ms' end, true
    );
    perform set_config('plateforme.tenue_par', '', true);
    begin
        {{ work }}
    exception when lock_not_available or deadlock_detected then
        select string_agg(distinct
            case
                when verrou.pid is null then 'une transaction préparée'
                else format(
                    'la session %s (%s%s%s%s)',
                    verrou.pid,
                    coalesce('rôle ' || session.usename, session.backend_type, 'rôle inconnu'),
                    coalesce(', application ' || nullif(session.application_name, ''), ''),
                    coalesce(', depuis le ' || to_char(session.xact_start, 'DD/MM à HH24:MI'), ''),
                    case when session.state like 'idle in transaction%' then ', au repos dans une transaction' else '' end
                )
            end, ' ; ')
        into _tenue_par
        from pg_catalog.pg_locks as verrou
        left join pg_catalog.pg_stat_activity as session on session.pid = verrou.pid
        where verrou.locktype = 'relation' and verrou.granted
            and verrou.database = (select oid from pg_catalog.pg_database where datname = current_database())
            and verrou.relation = any(_lecteurs || _relation)
            and verrou.pid is distinct from pg_backend_pid();
        perform set_config('plateforme.tenue_par', coalesce(_tenue_par, 'une session qui vient de finir'), true);
        perform pg_sleep(1);
    end;
    perform set_config('lock_timeout', _attente, true);
end
$tentative$
{%- endmacro %}


{# Work for when_free: drops a relation after the views that read it, in the order of their readers' locks. #}
{% macro drop_with_readers(relation) -%}
for _lecteur in
    select classe.oid::regclass as nom, case classe.relkind when 'm' then 'materialized view' else 'view' end as genre
    from unnest(_lecteurs) with ordinality as ordre (oid, rang)
    inner join pg_catalog.pg_class as classe on classe.oid = ordre.oid
    order by ordre.rang
loop
    execute format('drop %s if exists %s cascade', _lecteur.genre, _lecteur.nom);
end loop;
drop {{ 'materialized view' if relation.is_materialized_view else 'view' if relation.is_view else 'table' }} if exists {{ relation.render() }} cascade;
{%- endmacro %}


{# Drops a relation when nobody reads it, and has dbt know it. #}
{% macro drop_when_free(relation) -%}
    {%- do when_free(relation, drop_with_readers(relation)) -%}
    {%- do adapter.drop_relation(relation) -%}
{%- endmacro %}
