-- What makes a schema what it is: one row a fact, of every object in it and on it, and one a right. Read with
-- pg_catalog alone in the search path, so that nothing that somebody made is taken for what PostgreSQL brings.
with
lieu as (select n.oid, n.nspname, n.nspowner from pg_namespace as n where n.nspname = %(schema)s),

relations as (
    select c.*, format('%%s.%%s', l.nspname, c.relname) as nom
    from pg_class as c
    inner join lieu as l on c.relnamespace = l.oid
    where c.relkind not in ('i', 'I')
),

faits as (
    select format('schéma %%s', l.nspname) as objet, 'propriétaire' as fait, pg_get_userbyid(l.nspowner)::text as valeur
    from lieu as l
    union all
    select format('relation %%s', r.nom), f.fait, f.valeur
    from relations as r,
        lateral (
            values
            ('genre', r.relkind::text),
            ('persistance', r.relpersistence::text),
            ('propriétaire', pg_get_userbyid(r.relowner)::text),
            ('filtre de lignes', concat(r.relrowsecurity, r.relforcerowsecurity)),
            ('options', array_to_string(r.reloptions, ',')),
            ('partition', r.relispartition::text),
            ('définition', regexp_replace(coalesce(pg_get_viewdef(r.oid), ''), '\s+', ' ', 'g'))
        ) as f (fait, valeur)
    where f.fait <> 'persistance' or r.relkind <> 'v'
    union all
    select format('héritage de %%s', r.nom), format('%%s vers %%s', i.inhrelid::regclass, i.inhparent::regclass), 'oui'
    from relations as r
    inner join pg_inherits as i on r.oid in (i.inhrelid, i.inhparent)
    union all
    select format('colonne %%s.%%s', r.nom, a.attname), f.fait, f.valeur
    from relations as r
    inner join pg_attribute as a on r.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum,
        lateral (
            values
            ('type', format_type(a.atttypid, a.atttypmod)),
            ('obligatoire', a.attnotnull::text),
            ('calcul', concat(a.attidentity, a.attgenerated, pg_get_expr(d.adbin, d.adrelid))),
            ('collation', coalesce((select o.collname from pg_collation as o where o.oid = a.attcollation), ''))
        ) as f (fait, valeur)
    where r.relkind not in ('S', 'v')
    union all
    select format('contrainte %%s de %%s', k.conname, r.nom), 'définition',
        concat(pg_get_constraintdef(k.oid), case when not k.convalidated then ' (non validée)' end)
    from relations as r
    inner join pg_constraint as k on r.oid = k.conrelid and k.contype <> 'n'
    union all
    select format('index %%s', x.indexrelid::regclass), 'définition',
        concat(pg_get_indexdef(x.indexrelid), case when not (x.indisvalid and x.indisready) then ' (invalide)' end)
    from relations as r
    inner join pg_index as x on r.oid = x.indrelid
    where r.relkind <> 't'
    union all
    select format('déclencheur %%s de %%s', t.tgname, r.nom), f.fait, f.valeur
    from relations as r
    inner join pg_trigger as t on r.oid = t.tgrelid and not t.tgisinternal,
        lateral (
            values
            ('définition', pg_get_triggerdef(t.oid)),
            ('marche', case t.tgenabled when 'A' then 'toujours' when 'D' then 'coupé' else t.tgenabled::text end)
        ) as f (fait, valeur)
    union all
    select format('règle %%s de %%s', w.rulename, r.nom), 'définition',
        regexp_replace(concat(pg_get_ruledef(w.oid), w.ev_enabled), '\s+', ' ', 'g')
    from relations as r
    inner join pg_rewrite as w on r.oid = w.ev_class
    where w.rulename <> '_RETURN' or w.ev_enabled <> 'O'
    union all
    select format('filtre de lignes %%s de %%s', p.polname, r.nom), 'définition',
        concat(p.polcmd, p.polpermissive, pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    from relations as r
    inner join pg_policy as p on r.oid = p.polrelid
    union all
    select format('fonction %%s.%%s(%%s)', l.nspname, p.proname, oidvectortypes(p.proargtypes)), f.fait, f.valeur
    from pg_proc as p
    inner join lieu as l on p.pronamespace = l.oid
    inner join pg_language as g on p.prolang = g.oid,
        lateral (
            values
            (
                'corps',
                encode(sha256(convert_to(concat(p.prosrc, p.probin, pg_get_function_sqlbody(p.oid)), 'UTF8')), 'hex')
            ),
            ('langage', g.lanname::text),
            ('propriétaire', pg_get_userbyid(p.proowner)::text),
            ('droits de', case when p.prosecdef then 'son propriétaire' else 'qui appelle' end),
            ('réglages', array_to_string(p.proconfig, ',')),
            ('forme', concat(p.prokind, p.provolatile, p.proisstrict, p.proleakproof, p.proretset, p.proparallel)),
            ('résultat', pg_get_function_result(p.oid)),
            ('arguments', pg_get_function_arguments(p.oid))
        ) as f (fait, valeur)
    union all
    -- Whatever else was put into the schema: operators, types, default rights…
    select format('%%s %%s', i.type, i.identity), 'présence', 'oui'
    from pg_depend as d
    inner join lieu as l on d.refobjid = l.oid,
        lateral pg_identify_object(d.classid, d.objid, 0) as i
    where d.refclassid = 'pg_namespace'::regclass and d.classid not in ('pg_class'::regclass, 'pg_proc'::regclass)
    union all
    -- Around the journal: its roles, what runs at every command, the functions that write and prove it.
    select format('rôle %%s', r.rolname), 'pouvoirs',
        concat_ws(
            ', ', case when r.rolsuper then 'superutilisateur' end, case when r.rolcanlogin then 'connexion' end,
            case when r.rolcreaterole then 'création de rôles' end, case when r.rolbypassrls then 'hors filtres' end,
            case when r.rolreplication then 'réplication' end
        )
    from pg_roles as r
    where %(schema)s = 'audit'
        and r.rolname in ('audit_proprietaire', 'audit_ecriture', 'audit_auditeur', 'audit_lecture')
    union all
    select format('membre %%s du rôle audit_proprietaire', pg_get_userbyid(m.member)), 'présence', 'oui'
    from pg_auth_members as m
    where %(schema)s = 'audit' and m.roleid = to_regrole('audit_proprietaire') and (m.set_option or m.inherit_option)
    union all
    select format('déclencheur d''événement %%s', e.evtname), 'présence', 'oui'
    from pg_event_trigger as e
    where %(schema)s = 'audit' and e.evtenabled <> 'D'
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_event_trigger'::regclass and d.objid = e.oid and d.deptype = 'e'
        )
    union all
    select format('fonction pg_catalog.%%s(%%s)', p.proname, oidvectortypes(p.proargtypes)), 'corps',
        concat_ws(' ', g.lanname, p.prosrc)
    from pg_proc as p
    inner join pg_language as g on p.prolang = g.oid
    where %(schema)s = 'audit' and p.pronamespace = 'pg_catalog'::regnamespace
        and (
            p.proname in (
                'sha256', 'convert_to', 'encode', 'jsonb_build_array', 'jsonb_build_object', 'jsonb_out', 'to_char',
                'clock_timestamp', 'gen_random_uuid', 'pg_has_role', 'host', 'inet_client_addr', 'num_nulls'
            )
            or p.oid = 'pg_catalog.timezone(text, timestamptz)'::regprocedure
        )
    union all
    -- Rights, as `grant` writes them: those of the owner are his.
    select
        coalesce(nullif(pg_get_userbyid(a.grantee), 'unknown (OID=0)'), 'PUBLIC'), 'droit',
        concat(lower(a.privilege_type), ' on ', o.nom, case when a.is_grantable then ' with grant option' end)
    from (
        select
            format('schema %%s', n.nspname) as nom, n.nspowner as possesseur,
            coalesce(n.nspacl, acldefault('n', n.nspowner)) as droits
        from lieu as l inner join pg_namespace as n on l.oid = n.oid
        union all
        select r.nom, r.relowner, coalesce(r.relacl, acldefault('r', r.relowner))
        from relations as r where r.relkind <> 'S'
        union all
        select format('sequence %%s', r.nom), r.relowner, coalesce(r.relacl, acldefault('s', r.relowner))
        from relations as r where r.relkind = 'S'
        union all
        select format('%%s (%%s)', r.nom, c.attname), r.relowner, c.attacl
        from relations as r inner join pg_attribute as c on r.oid = c.attrelid
        union all
        select
            format(
                'function %%s.%%s(%%s)', l.nspname, p.proname,
                replace(oidvectortypes(p.proargtypes), 'timestamp with time zone', 'timestamptz')
            ),
            p.proowner, coalesce(p.proacl, acldefault('f', p.proowner))
        from pg_proc as p inner join lieu as l on p.pronamespace = l.oid
    ) as o,
        lateral aclexplode(o.droits) as a
    where a.grantee <> o.possesseur
)

select f.objet, f.fait, f.valeur
from faits as f
where f.valeur <> ''
order by f.objet collate "C", f.fait collate "C", f.valeur collate "C"
