-- What the database remembers of access/, for the rights of what is built between two `make access`.
create table if not exists acces.declaration (
    seule boolean primary key default true check (seule),
    contenu jsonb not null,
    appliquee_le timestamptz not null default now()
);
comment on table acces.declaration is
    'Ce que disent les fichiers access/ : écrit par make access, relu après chaque construction.';

-- Called by dbt after each model and by the loader after each table, in their own transaction and with their
-- own rights: a table is never seen without its rights, and never with those of the one before.
create or replace function acces.appliquer(nom_schema text, nom_relation text)
returns void
language plpgsql
set search_path = pg_catalog
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

-- The values of a filtered mart that an account may see; '*' among them means all.
create or replace function acces.valeurs(compte name, nom_schema text, nom_relation text)
returns text[]
language sql stable security definer
set search_path = pg_catalog
as $valeurs$
    select array_agg(distinct l.valeur)
    from acces.declaration as d,
        jsonb_to_recordset(d.contenu -> 'lignes') as l (role text, schema text, relation text, valeur text)
    inner join pg_roles as r on r.rolname = l.role
    where l.schema = nom_schema and l.relation = nom_relation and pg_has_role(compte, r.oid, 'usage')
$valeurs$;
