{#
  Drops the tables of a mart that no view shows: those never offered (of a build that failed or was killed), and
  of those offered all but the last `kept`. One that somebody holds, reads in a function or owns in our place is
  left for the next time. Plain text, as offer_sql; plateforme.versions_retirees then has their number.
#}
{% macro prune_sql(schema, name, kept) -%}
{%- set quoted = "'" ~ name | replace("'", "''") ~ "'" -%}
do $menage$
declare
    _table record;
    _retirees integer := 0;
begin
    perform set_config('lock_timeout', '800ms', true);
    for _table in
        select vue.nom, vue.rang
        from (
            select
                format('%I.%I', n.nspname, c.relname) as nom,
                substr(c.relname, {{ name | length + 3 }}, 1) as genre,
                row_number() over (partition by left(c.relname, {{ name | length + 3 }}) order by c.relname desc) as rang
            from pg_catalog.pg_class as c
            inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
            where n.nspname = '{{ schema | replace("'", "''") }}_versions' and c.relkind = 'r'
                and left(c.relname, {{ name | length }}) = {{ quoted }}
                and substr(c.relname, {{ name | length + 1 }}) ~ '^__[cv][0-9]{8}_[0-9]{6}_[0-9]{3}$'
                and not exists (
                    select
                    from pg_catalog.pg_depend as lien
                    inner join pg_catalog.pg_rewrite as regle
                        on lien.objid = regle.oid and lien.classid = 'pg_catalog.pg_rewrite'::regclass
                    where lien.refobjid = c.oid and lien.refclassid = 'pg_catalog.pg_class'::regclass
                )
        ) as vue
        where vue.genre = 'c' or vue.rang > {{ kept }}
        order by vue.nom
    loop
        begin
            execute format('drop table %s', _table.nom);
            _retirees := _retirees + 1;
        exception
            when lock_not_available or deadlock_detected or insufficient_privilege
                or dependent_objects_still_exist or undefined_table
            then
                null;
        end;
    end loop;
    perform set_config('plateforme.versions_retirees', cast(_retirees as text), false);
end
$menage$
{%- endmacro %}
