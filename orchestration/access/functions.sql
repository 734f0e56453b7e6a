-- The rights of one relation: what to change so that it has exactly those declared. `{schema}` is `acces`, or
-- pg_temp for a dry run, in which nothing of the database is written.

-- Statements that bring a relation to its declared state; none when it is there.
create or replace function {schema}.ecarts(declaration jsonb, nom_schema text, nom_relation text)
returns setof text
language plpgsql stable
set search_path = pg_catalog
as $ecarts$
declare
    relation record;
    filtre record;
    masque record;
    objet text := format('%I.%I', nom_schema, nom_relation);
    condition text;
    empreinte text;
    corps text;
    vue text;
    courante oid;
begin
    select c.oid, c.relkind, c.relowner, c.relrowsecurity, pg_get_userbyid(c.relowner) as proprietaire
    into relation
    from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = nom_schema and c.relname = nom_relation and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S');
    if not found then
        return;
    end if;

    -- Rows: one policy, for all; owners are not held by it, and must not be (dbt rebuilds).
    select f.colonne into filtre
    from jsonb_to_recordset(declaration -> 'filtres') as f (schema text, relation text, colonne text)
    where f.schema = nom_schema and f.relation = nom_relation;
    if filtre.colonne is not null and relation.relkind in ('r', 'p') then
        condition := format(
            '(select acces.valeurs(current_user, %L, %L)) && array[''*'', cast(%I as text)]',
            nom_schema, nom_relation, filtre.colonne
        );
        empreinte := format('Lignes permises par access/ (%s)', md5(condition));
        if not relation.relrowsecurity then
            return next format('alter table %s enable row level security', objet);
        end if;
        return query
            select format('drop policy %I on %s', polname, objet) from pg_policy
            where polrelid = relation.oid
                and (
                    polname <> 'acces_lignes'
                    -- As it was made: ALTER POLICY changes what it lets through, and keeps its comment.
                    or obj_description(oid, 'pg_policy') is distinct from
                        empreinte || ' ' || md5(concat(polqual, polroles))
                );
        if not exists (
            select from pg_policy
            where polrelid = relation.oid and polname = 'acces_lignes' and polpermissive and polcmd = 'r'
                and obj_description(oid, 'pg_policy') = empreinte || ' ' || md5(concat(polqual, polroles))
        ) then
            return next format('create policy acces_lignes on %s for select using (%s)', objet, condition);
            return next format(
                'do %L',
                format(
                    'begin execute format(''comment on policy acces_lignes on %s is %%L'', (select %L || '' '' '
                    '|| md5(concat(polqual, polroles)) from pg_policy where polname = ''acces_lignes'' '
                    'and polrelid = cast(%L as regclass))); end',
                    replace(replace(objet, '%', '%%'), '''', ''''''), empreinte, objet
                )
            );
        end if;
    elsif relation.relrowsecurity then
        return query
            select format('drop policy %I on %s', polname, objet) from pg_policy where polrelid = relation.oid;
        return next format('alter table %s disable row level security', objet);
    end if;

    return query select {schema}.octrois(declaration, nom_schema, nom_relation, relation.oid, null);

    -- The masked view: columns in the same order, null where a role that reads masked must not see.
    select m.claires into masque
    from jsonb_to_recordset(declaration -> 'masques') as m (schema text, relation text, claires jsonb)
    where m.schema = nom_schema and m.relation = nom_relation;
    if masque.claires is null then
        return;
    end if;
    vue := format('%I.%I', nom_schema || '_masque', nom_relation);
    select string_agg(
        case
            when masque.claires ? a.attname then format('%I', a.attname)
            else format('cast(null as %s) as %I', format_type(a.atttypid, a.atttypmod), a.attname)
        end,
        ', ' order by a.attnum
    ) into corps
    from pg_attribute as a
    where a.attrelid = relation.oid and a.attnum > 0 and not a.attisdropped;
    corps := format('select %s from %s', corps, objet);
    if condition is not null then
        corps := format('%s where %s', corps, condition);
    end if;
    -- The identity of the table is part of it: dbt swaps tables, and a view follows the old one.
    empreinte := format(
        'Vue masquée de %s (%s)', objet, md5(relation.oid::text || relation.proprietaire || corps)
    );
    select c.oid into courante
    from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = nom_schema || '_masque' and c.relname = nom_relation;
    -- As it was made: CREATE OR REPLACE VIEW changes what it shows, and keeps its comment.
    if courante is null or obj_description(courante, 'pg_class') is distinct from empreinte || ' ' || (
        select md5(ev_action::text) from pg_rewrite where ev_class = courante
    ) then
        if courante is not null then
            return next format('drop view %s cascade', vue);
        end if;
        return next format('create view %s with (security_barrier = true) as %s', vue, corps);
        return next format(
            'do %L',
            format(
                'begin execute format(''comment on view %s is %%L'', (select %L || '' '' '
                '|| md5(ev_action::text) from pg_rewrite where ev_class = cast(%L as regclass))); end',
                replace(replace(vue, '%', '%%'), '''', ''''''), empreinte, vue
            )
        );
        if relation.proprietaire <> current_user then
            return next format('alter view %s owner to %I', vue, relation.proprietaire);
        end if;
        courante := null;
    end if;
    return query
        select {schema}.octrois(
            declaration, nom_schema || '_masque', nom_relation, courante, relation.proprietaire::text
        );
end
$ecarts$;

-- The grants and revocations of a relation; `identite` is null for a view that is about to be made.
create or replace function {schema}.octrois(
    declaration jsonb, nom_schema text, nom_relation text, identite oid, proprietaire_prevu text
)
returns setof text
language sql stable
set search_path = pg_catalog
as $octrois$
    with objet as (
        select
            format(
                '%s%I.%I', case when c.relkind = 'S' then 'sequence ' else '' end, nom_schema, nom_relation
            ) as nom,
            coalesce(c.relkind, 'v') as genre,
            c.relacl as droits,
            c.relowner as compte,
            coalesce(pg_get_userbyid(c.relowner), proprietaire_prevu) as proprietaire,
            not exists (
                select from jsonb_array_elements(declaration -> 'exceptions') as e
                where e ->> 0 = nom_schema and e ->> 1 = nom_relation
            ) as ordinaire
        from (values (identite)) as v (oid) left join pg_class as c on c.oid = v.oid
    ),

    voulus as (
        select distinct
            d.role as beneficiaire,
            d.droit
        from jsonb_to_recordset(declaration -> 'droits')
            as d (role text, schema text, relation text, droit text), objet
        where d.schema = nom_schema
            and (d.relation = nom_relation or (d.relation is null and objet.ordinaire))
            -- An identity column asks nothing of its sequence: only the owner draws numbers by hand.
            and objet.genre <> 'S'
            -- An owner has all rights already; the view about to be made is of the table's owner.
            and d.role is distinct from objet.proprietaire
    ),

    actuels as (
        select
            case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee) end as beneficiaire,
            a.grantee,
            a.privilege_type as droit,
            a.is_grantable as transmissible,
            false as colonne
        from objet, aclexplode(objet.droits) as a
        where a.grantee <> objet.compte
            -- Nobody's: what it may read is what pgaudit traces (orchestration/audit/reading.py).
            and a.grantee is distinct from to_regrole('audit_lecture')::oid
        union all
        select
            case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee) end,
            a.grantee, a.privilege_type, a.is_grantable, true
        from objet, pg_attribute as c, aclexplode(c.attacl) as a
        where c.attrelid = identite and a.grantee <> objet.compte
    ),

    -- What is too much takes everything away from its holder, who then receives what is declared.
    fautifs as (
        select distinct actuels.beneficiaire, actuels.grantee
        from actuels left join voulus using (beneficiaire, droit)
        where voulus.droit is null or actuels.transmissible or actuels.colonne
    )

    select format(
        'revoke all on %s from %s', objet.nom,
        case when fautifs.grantee = 0 then 'public' else quote_ident(fautifs.beneficiaire) end
    )
    from fautifs, objet
    union all
    (
        select format(
            'grant %s on %s to %I', string_agg(lower(voulus.droit), ', ' order by voulus.droit), objet.nom,
            voulus.beneficiaire
        )
        from objet, voulus
        left join actuels on actuels.beneficiaire = voulus.beneficiaire and actuels.droit = voulus.droit
            and not actuels.colonne
        where actuels.droit is null or voulus.beneficiaire in (select beneficiaire from fautifs)
        group by voulus.beneficiaire, objet.nom
    )
$octrois$;
