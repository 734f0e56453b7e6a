{#
  One attempt to do some work when nobody reads some relations, as a DO block; plateforme.tenue_par then tells who
  stood in the way, '' when nobody did, and plateforme.bloquante what the work was at. Plain text: the platform
  reads it too.
#}
{% macro lock_attempt_sql(relations, work, pause=1) -%}
do $tentative$
declare
    _attente text := current_setting('lock_timeout');
    _relations oid[] := array[
        {%- for relation in relations %}to_regclass('{{ relation | replace("'", "''") }}'){{ ', ' if not loop.last }}{% endfor -%}
    ];
    _lecteurs oid[];
    _tenue_par text := coalesce(current_setting('plateforme.tenue_par', true), '');
    _lecteur record;
    _bloquante text := '';
begin
    -- What reads it, the farthest first: the order in which a reader takes its locks.
    with recursive lecteurs as (
        select relation.oid, 0 as rang
        from unnest(_relations) as relation (oid)
        union all
        -- The views of declared rights that read it through a function, which PostgreSQL does not know (macros/access).
        select restreinte.oid, 1
        from pg_catalog.pg_class as lue
        inner join pg_catalog.pg_namespace as schema_lu on lue.relnamespace = schema_lu.oid
        inner join pg_catalog.pg_namespace as a_part
            on a_part.nspname in (schema_lu.nspname || '_masque', schema_lu.nspname || '_filtre')
        inner join pg_catalog.pg_class as restreinte
            on restreinte.relnamespace = a_part.oid and restreinte.relname = lue.relname and restreinte.relkind = 'v'
        where lue.oid = any(_relations)
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
            and verrou.relation = any(_lecteurs || _relations)
            and verrou.pid is distinct from pg_backend_pid();
        perform set_config('plateforme.tenue_par', coalesce(_tenue_par, 'une session qui vient de finir'), true);
        perform set_config('plateforme.bloquante', _bloquante, false);
        perform pg_sleep({{ pause }});
    end;
    perform set_config('lock_timeout', _attente, true);
end
$tentative$
{%- endmacro %}
