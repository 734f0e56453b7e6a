-- What the database remembers of the declared access, for the rights of what is built between two `make access`.
create table if not exists acces.declaration (
    seule boolean primary key default true check (seule),
    contenu jsonb not null,
    appliquee_le timestamptz not null default now()
);
comment on table acces.declaration is
    'Ce que disent les accès déclarés : écrit par make access, relu après chaque construction.';

-- Called by dbt after each model and by the loader after each table, in their own transaction and with their
-- own rights: a table is never seen without its rights, and never with those of the one before.
create or replace function acces.appliquer(nom_schema text, nom_relation text)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $appliquer$
declare
    declaration jsonb := (select contenu from acces.declaration);
    instruction text;
begin
    if declaration -> 'schemas' ? nom_schema then
        -- All of them worked out before the first one changes anything.
        foreach instruction in array array(select acces.ecarts(declaration, nom_schema, nom_relation)) loop
            execute instruction;
        end loop;
    end if;
end
$appliquer$;

-- Row filters were policies once; who reads asked for the values of any account.
drop function if exists acces.valeurs(name, text, text) cascade;

-- The values of a filtered mart that the caller may see; '*' among them means all. The caller is the role that
-- the session took, as PostgreSQL let it, or else its account: in a function that runs as its owner,
-- current_user is the owner.
create or replace function acces.valeurs(nom_schema text, nom_relation text)
returns text[]
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $valeurs$
    select array_agg(distinct l.valeur)
    from acces.declaration as d,
        jsonb_to_recordset(d.contenu -> 'lignes') as l (role text, schema text, relation text, valeur text)
    inner join pg_roles as r on r.rolname = l.role
    where l.schema = nom_schema and l.relation = nom_relation
        and pg_has_role(coalesce(nullif(current_setting('role'), 'none')::name, session_user), r.oid, 'usage')
$valeurs$;
