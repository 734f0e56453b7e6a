-- The rights of PUBLIC and of the platform's roles on all that PostgreSQL lets be granted, less those that it
-- comes with and those that other queries judge (relations and functions of the managed schemas, schemas,
-- languages, databases, default privileges): what is left, nobody declared. One row a right.
with juges as (
    select cast(0 as oid) as oid, '' as nom
    union all
    select oid, rolname from pg_roles where rolname = any(%(roles)s)
),

extensions as (
    -- What their author says is safe in everybody's hands.
    select lien.classid, lien.objid
    from pg_depend as lien
    inner join pg_extension as e on lien.refclassid = 'pg_extension'::regclass and lien.refobjid = e.oid
    inner join pg_available_extension_versions as version
        on version.name = e.extname and version.version = e.extversion and version.trusted
    where lien.deptype = 'e'
),

relations as (
    select c.oid, c.relkind, c.relowner, c.relacl, n.nspname, format('%%I.%%I', n.nspname, c.relname) as nom
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S') and n.nspname !~ '^pg_(toast_)?temp_'
        and format('%%s.%%s', n.nspname, c.relname) <> all(%(judged)s) and n.nspname <> all(%(tables)s)
        -- Such a view is declared, or dropped.
        and not (c.relkind = 'v' and n.nspname ~ %(views)s)
),

objets as (
    select
        'Tables et vues hors des domaines' as genre,
        case when relkind = 'S' then 'sequence' else 'table' end as mot, nom, '' as colonne,
        'pg_class'::regclass as classe, oid, 0 as rang, nspname as place, relowner as proprietaire,
        relacl as droits, cast(null as aclitem[]) as usuels
    from relations where relacl is not null
    union all
    select
        'Tables et vues hors des domaines', 'table', r.nom, format(' (%%I)', a.attname), 'pg_class'::regclass,
        r.oid, a.attnum, r.nspname, r.relowner, a.attacl, null
    from relations as r inner join pg_attribute as a on a.attrelid = r.oid
    where a.attacl is not null
    union all
    select
        'Fonctions', 'routine',
        format('%%I.%%I(%%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), '',
        'pg_proc'::regclass, p.oid, 0, n.nspname, p.proowner, coalesce(p.proacl, acldefault('f', p.proowner)),
        -- Those that let anybody keep, pass or block, out of sight.
        case when n.nspname <> 'pg_catalog' or p.proname !~ %(closed)s then acldefault('f', p.proowner) end
    from pg_proc as p inner join pg_namespace as n on p.pronamespace = n.oid
    where n.nspname <> all(%(functions)s) and n.nspname !~ '^pg_(toast_)?temp_'
        and (n.nspname <> 'pg_catalog' or p.proacl is not null or p.proname ~ %(closed)s)
    union all
    select
        'Schémas', 'schema', quote_ident(nspname), '', 'pg_namespace'::regclass, oid, 0, nspname, nspowner,
        coalesce(nspacl, acldefault('n', nspowner)), acldefault('n', nspowner)
    from pg_namespace
    where nspname = any(%(exempt)s) or nspname in ('pg_catalog', 'information_schema', 'pg_toast')
    union all
    select
        'Types', 'type', format('%%I.%%I', n.nspname, t.typname), '', 'pg_type'::regclass, t.oid, 0, n.nspname, t.typowner,
        coalesce(t.typacl, acldefault('T', t.typowner)), acldefault('T', t.typowner)
    from pg_type as t
    inner join pg_namespace as n on t.typnamespace = n.oid
    left join pg_class as c on t.typrelid = c.oid
    -- The type of a table's rows and the types of arrays have no rights of their own.
    where n.nspname !~ '^pg_(toast_)?temp_' and t.typtype <> 'm' and coalesce(c.relkind, 'c') = 'c'
        and t.oid not in (select typarray from pg_type where typarray <> 0)
        and (n.nspname not in ('pg_catalog', 'information_schema') or t.typacl is not null)
    union all
    select
        'Sources externes', 'foreign data wrapper', quote_ident(fdwname), '', 'pg_foreign_data_wrapper'::regclass,
        oid, 0, '', fdwowner, fdwacl, null
    from pg_foreign_data_wrapper
    union all
    select
        'Sources externes', 'foreign server', quote_ident(srvname), '', 'pg_foreign_server'::regclass, oid, 0, '',
        srvowner, srvacl, null
    from pg_foreign_server
    union all
    select
        'Espaces de stockage', 'tablespace', quote_ident(spcname), '', 'pg_tablespace'::regclass, oid, 0, '',
        spcowner, spcacl, null
    from pg_tablespace
    union all
    -- Those of a superuser, the first of whom has this number everywhere.
    select 'Réglages', 'parameter', parname, '', 'pg_parameter_acl'::regclass, oid, 0, '', cast(10 as oid), paracl, null
    from pg_parameter_acl
    union all
    select
        'Grands objets', 'large object', oid::text, '', 'pg_largeobject'::regclass, oid, 0, '', lomowner, lomacl,
        null
    from pg_largeobject_metadata
    union all
    -- On the embedded server every database is the platform's, and lets in who its own entries name.
    select
        'Autres bases', 'database', quote_ident(datname), '', 'pg_database'::regclass, oid, 0, '', datdba,
        coalesce(datacl, acldefault('d', datdba)), null
    from pg_database
    where datname <> current_database() and datallowconn and current_setting('cluster_name') like %(embedded)s
),

octrois as (
    select
        o.*, juges.nom as beneficiaire, a.grantee, a.privilege_type as droit, a.is_grantable,
        exists (
            select from pg_init_privs as i
            where i.classoid = o.classe and i.objoid = o.oid and i.objsubid = o.rang
        ) as connu
    from objets as o
    cross join aclexplode(o.droits) as a
    left join juges on a.grantee = juges.oid
    where a.grantee <> o.proprietaire and (juges.oid is not null or o.mot = 'large object')
        -- Roles have the right to connect to several databases, each given by its own make access.
        and (o.mot <> 'database' or a.grantee = 0)
)

select distinct
    genre, mot, nom, colonne, coalesce(beneficiaire, pg_get_userbyid(grantee)) as beneficiaire,
    lower(droit) as droit, proprietaire
from octrois as o
where o.is_grantable
    or not (
        -- As PostgreSQL, or an extension, was installed; it did not write down what its standard views allow.
        (
            o.place = 'information_schema' and o.grantee = 0 and o.oid < 16384
            and o.droit in ('USAGE', 'SELECT', 'EXECUTE')
        )
        or exists (
            select from pg_init_privs as i, aclexplode(i.initprivs) as a
            where i.classoid = o.classe and i.objoid = o.oid and i.objsubid = o.rang
                and a.grantee = o.grantee and a.privilege_type = o.droit and not a.is_grantable
        )
        or (
            not connu and (o.oid < 16384 or (o.classe, o.oid) in (select classid, objid from extensions))
            and exists (
                select from aclexplode(o.usuels) as a where a.grantee = o.grantee and a.privilege_type = o.droit
            )
        )
        or exists (
            select from jsonb_each_text(%(own)s) as propre (place, motif)
            where propre.place = o.place and o.beneficiaire ~ ('^(' || propre.motif || ')$')
                and o.droit in ('USAGE', 'SELECT', 'EXECUTE') and o.nom !~ '[.]purger'
        )
    )
order by genre, mot, nom, colonne, beneficiaire, droit
