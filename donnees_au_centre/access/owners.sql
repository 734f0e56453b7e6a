-- What the platform's roles own elsewhere than in the schemas where they build. One row an object.
select lower(objet.type) as genre, objet.identity as nom, role.rolname as role
from pg_shdepend as lien
inner join pg_roles as role on lien.refobjid = role.oid
cross join pg_identify_object(lien.classid, lien.objid, lien.objsubid) as objet
where lien.deptype = 'o' and lien.refclassid = 'pg_authid'::regclass and role.rolname = any(%(roles)s)
    and lien.dbid in (0, (select oid from pg_database where datname = current_database()))
    and lien.classid not in ('pg_default_acl'::regclass, 'pg_user_mapping'::regclass)
    and coalesce(objet.schema, '') !~ '^pg_(toast_)?temp'
    and not exists (
        select from jsonb_to_recordset(%(owners)s) as permis (schema text, role text)
        where permis.role = role.rolname
            and permis.schema = coalesce(objet.schema, case when objet.type = 'schema' then objet.name end)
    )
    -- A sequence of a column follows its table.
    and not exists (
        select from pg_depend as colonne
        where colonne.classid = lien.classid and colonne.objid = lien.objid and colonne.deptype in ('a', 'i')
            and colonne.refclassid = 'pg_class'::regclass and lien.classid = 'pg_class'::regclass
    )
order by genre, nom
