-- What runs with the rights of whoever touches a table of the managed schemas, and nothing of the platform
-- makes: triggers and rules. And the passwords kept for its roles towards other servers.
select
    format('drop trigger %%I on %%I.%%I', d.tgname, n.nspname, c.relname) as instruction,
    c.relowner as proprietaire
from pg_trigger as d
inner join pg_class as c on d.tgrelid = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
inner join pg_proc as f on d.tgfoid = f.oid
where not d.tgisinternal and n.nspname = any(%(managed)s)
    -- Those that tell of changed rows (donnees_au_centre/landing/tables.py, macros/materialization/loads.sql): they
    -- have the rights of the table's owner, never those of whoever touches it.
    and not (
        f.proname in ('noter_lignes_modifiees', 'oublier_chargements')
        and f.prosecdef and f.proowner = c.relowner
    )
    -- That what stewards say is not retouched (donnees_au_centre/pages/workbooks/memory.sql).
    and d.tgfoid is distinct from to_regprocedure('plateforme.refuser_retouche()')
union all
select format('drop rule %%I on %%I.%%I', r.rulename, n.nspname, c.relname), c.relowner
from pg_rewrite as r
inner join pg_class as c on r.ev_class = c.oid
inner join pg_namespace as n on c.relnamespace = n.oid
where r.rulename <> '_RETURN' and n.nspname = any(%(managed)s)
union all
select
    format(
        'drop user mapping for %%s server %%I', case umuser when 0 then 'public' else quote_ident(usename) end,
        m.srvname
    ),
    s.srvowner
from pg_user_mappings as m
inner join pg_foreign_server as s on m.srvid = s.oid
where m.umuser = 0 or m.usename = any(%(roles)s)
order by 1
