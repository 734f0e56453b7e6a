-- The rights of one relation: what to change so that it has exactly those declared. `{schema}` is `acces`, or
-- pg_temp for a dry run, in which nothing of the database is written.

-- Statements that bring a relation to its declared state; none when it is there.
create or replace function {schema}.ecarts(declaration jsonb, nom_schema text, nom_relation text)
returns setof text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $ecarts$
declare
    relation record;
    restreinte record;
    objet text := format('%I.%I', nom_schema, nom_relation);
begin
    select c.oid, c.relkind, c.relowner, c.relrowsecurity, pg_get_userbyid(c.relowner) as proprietaire
    into relation
    from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = nom_schema and c.relname = nom_relation and c.relkind in ('r', 'p', 'v', 'm', 'f', 'S');
    if not found then
        return;
    end if;

    -- No policy: EXPLAIN ANALYZE counts for whoever reads a table the rows that a policy hides.
    return query
        select format('drop policy if exists %I on %s', polname, objet) from pg_policy where polrelid = relation.oid;
    if relation.relrowsecurity then
        return next format('alter table %s disable row level security', objet);
    end if;

    return query select {schema}.octrois(declaration, nom_schema, nom_relation, relation.oid, null);

    for restreinte in
        select r.suffixe, r.claires, r.colonne
        from jsonb_to_recordset(declaration -> 'restreintes')
            as r (suffixe text, schema text, relation text, claires jsonb, colonne text)
        where r.schema = nom_schema and r.relation = nom_relation
        order by r.suffixe
    loop
        return query
            select {schema}.vue_restreinte(
                declaration, nom_schema, nom_relation, relation.oid, relation.relowner, restreinte.suffixe,
                restreinte.claires, restreinte.colonne
            );
    end loop;
end
$ecarts$;

-- The view through which a table is read in part, and its rights. Columns stand in the table's order, null
-- where the role must not see. Where rows are shared out the view reads a function that runs as the owner and
-- gives the caller's rows only: what the caller adds to a query (condition, EXPLAIN ANALYZE, function of his
-- own, cast that fails) never meets a row that is not his, and no plan shows the table.
create or replace function {schema}.vue_restreinte(
    declaration jsonb, nom_schema text, nom_relation text, identite oid, compte oid, suffixe text,
    claires jsonb, colonne text
)
returns setof text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $vue_restreinte$
declare
    proprietaire name := pg_get_userbyid(compte);
    objet text := format('%I.%I', nom_schema, nom_relation);
    vue text := format('%I.%I', nom_schema || suffixe, nom_relation);
    noms text;
    valeurs text;
    types text;
    corps text;
    fonction text;
    courante oid;
    courante_fonction oid;
    empreinte text;
begin
    select
        string_agg(format('%I', a.attname), ', ' order by a.attnum),
        string_agg(
            case
                when claires is null or claires ? a.attname then format('t.%I', a.attname)
                else format('cast(null as %s) as %I', format_type(a.atttypid, a.atttypmod), a.attname)
            end,
            ', ' order by a.attnum
        ),
        string_agg(format('%I %s', a.attname, format_type(a.atttypid, a.atttypmod)), ', ' order by a.attnum)
    into noms, valeurs, types
    from pg_attribute as a
    where a.attrelid = identite and a.attnum > 0 and not a.attisdropped;
    corps := format('select %s from %s as t', valeurs, objet);

    select p.oid into courante_fonction
    from pg_proc as p inner join pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = nom_schema || suffixe and p.proname = nom_relation and p.pronargs = 0;
    if colonne is not null then
        -- What it does inside is not told to the caller, who may ask for plans (debug_print_plan).
        fonction := format(
            'create function %s() returns table (%s) language sql stable security definer '
            'set search_path = pg_catalog, pg_temp set client_min_messages = error as %L',
            vue, types, format(
                '%s where (select acces.valeurs(%L, %L)) && array[''*'', cast(t.%I as text)]',
                corps, nom_schema, nom_relation, colonne
            )
        );
        empreinte := format('Lignes permises de %s (%s)', objet, md5(fonction));
        corps := format('select %s from %s()', noms, vue);
        if courante_fonction is not null and not exists (
            select from pg_proc
            where oid = courante_fonction and proowner = compte
                and obj_description(oid, 'pg_proc') = empreinte || ' ' || md5(pg_get_functiondef(oid))
        ) then
            return next format('drop function %s() cascade', vue);
            courante_fonction := null;
        end if;
        if courante_fonction is null then
            return next fonction;
            return next format(
                'do %L',
                format(
                    'begin execute format(''comment on function %s() is %%L'', (select %L || '' '' '
                    '|| md5(pg_get_functiondef(cast(%L as regprocedure))))); end',
                    replace(replace(vue, '%', '%%'), '''', ''''''), empreinte, vue || '()'
                )
            );
            if proprietaire <> current_user then
                return next format('alter function %s() owner to %I', vue, proprietaire);
            end if;
        end if;
        return query
            select {schema}.octrois_fonction(
                declaration, nom_schema || suffixe, nom_relation, courante_fonction, proprietaire
            );
    elsif courante_fonction is not null then
        return next format('drop function %s() cascade', vue);
    end if;

    -- The identity of the table is part of it: dbt swaps tables, and a view follows the old one.
    empreinte := format(
        'Vue restreinte de %s (%s)', objet,
        md5(concat_ws(' ', proprietaire, corps, case when colonne is null then identite end))
    );
    select c.oid into courante
    from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace
    where n.nspname = nom_schema || suffixe and c.relname = nom_relation;
    -- As it was made: CREATE OR REPLACE VIEW and ALTER VIEW change what it shows, and keep its comment.
    if courante is null or (colonne is not null and courante_fonction is null) or not exists (
        select from pg_class as c inner join pg_rewrite as r on r.ev_class = c.oid
        where c.oid = courante and c.relowner = compte
            and obj_description(c.oid, 'pg_class')
                = empreinte || ' ' || md5(concat(r.ev_action::text, c.reloptions))
    ) then
        if courante is not null then
            return next format('drop view if exists %s cascade', vue);
        end if;
        return next format('create view %s with (security_barrier = true) as %s', vue, corps);
        return next format(
            'do %L',
            format(
                'begin execute format(''comment on view %s is %%L'', (select %L || '' '' '
                '|| md5(concat(r.ev_action::text, c.reloptions)) from pg_class as c '
                'inner join pg_rewrite as r on r.ev_class = c.oid where c.oid = cast(%L as regclass))); end',
                replace(replace(vue, '%', '%%'), '''', ''''''), empreinte, vue
            )
        );
        if proprietaire <> current_user then
            return next format('alter view %s owner to %I', vue, proprietaire);
        end if;
        courante := null;
    end if;
    return query
        select {schema}.octrois(
            declaration, nom_schema || suffixe, nom_relation, courante, proprietaire::text
        );
end
$vue_restreinte$;

-- The grants and revocations of a relation; `identite` is null for a view that is about to be made.
create or replace function {schema}.octrois(
    declaration jsonb, nom_schema text, nom_relation text, identite oid, proprietaire_prevu text
)
returns setof text
language sql stable
set search_path = pg_catalog, pg_temp
as $octrois$
    with objet as (
        select
            format(
                '%s%I.%I', case when c.relkind = 'S' then 'sequence ' else '' end, nom_schema, nom_relation
            ) as nom,
            coalesce(c.relkind, 'v') as genre,
            coalesce(c.relacl, acldefault('r', c.relowner)) as droits,
            c.relowner as compte,
            coalesce(pg_get_userbyid(c.relowner), proprietaire_prevu) as proprietaire,
            nom_relation <> declaration ->> 'tour' and not exists (
                select from jsonb_array_elements(declaration -> 'exceptions') as e
                where e ->> 0 = nom_schema and e ->> 1 = nom_relation
            ) as ordinaire,
            -- What even the role that made it only has as declared: it neither empties nor rewrites it.
            exists (
                select from jsonb_array_elements(declaration -> 'bornees') as e
                where e ->> 0 = nom_schema and e ->> 1 = nom_relation
            ) as bornee
        from (values (identite)) as v (oid) left join pg_class as c on c.oid = v.oid
    ),

    declares as (
        select distinct
            d.role as beneficiaire,
            d.droit
        from jsonb_to_recordset(declaration -> 'droits')
            as d (role text, schema text, relation text, droit text), objet
        where d.schema = nom_schema
            and (d.relation = nom_relation or (d.relation is null and objet.ordinaire))
            -- An identity column asks nothing of its sequence: only the owner draws numbers by hand.
            and objet.genre <> 'S'
        union all
        -- Who builds in a schema may lock its turn, and nobody else.
        select c.role, 'UPDATE'
        from jsonb_to_recordset(declaration -> 'createurs') as c (role text, schema text)
        where c.schema = nom_schema and nom_relation = declaration ->> 'tour'
    ),

    voulus as (
        -- An owner has all rights already; the view about to be made is of the table's owner.
        select d.beneficiaire, d.droit
        from declares as d, objet
        where d.beneficiaire is distinct from objet.proprietaire or objet.bornee
        union all
        select objet.proprietaire, 'MAINTAIN'
        from objet
        where objet.bornee and current_setting('server_version_num')::integer >= 170000
            and objet.proprietaire in (select beneficiaire from declares)
    ),

    actuels as (
        select
            case when a.grantee = 0 then 'public' else pg_get_userbyid(a.grantee) end as beneficiaire,
            a.grantee,
            a.privilege_type as droit,
            a.is_grantable and a.grantee <> objet.compte as transmissible,
            false as colonne
        from objet, aclexplode(objet.droits) as a
        where (a.grantee <> objet.compte or objet.proprietaire in (select beneficiaire from voulus))
            -- Nobody's: what it may read is what pgaudit traces (donnees_au_centre/audit/reading.py).
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
        'revoke all on %s from %s cascade', objet.nom,
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

-- The same of the function of a restricted view, which who reads the view calls; `identite` is null for a new
-- one.
create or replace function {schema}.octrois_fonction(
    declaration jsonb, nom_schema text, nom_fonction text, identite oid, proprietaire text
)
returns setof text
language sql stable
set search_path = pg_catalog, pg_temp
as $octrois_fonction$
    with voulus as (
        select distinct d.role as beneficiaire
        from jsonb_to_recordset(declaration -> 'droits')
            as d (role text, schema text, relation text, droit text)
        where d.schema = nom_schema and (d.relation = nom_fonction or d.relation is null)
            and d.droit = 'SELECT' and d.role <> proprietaire
    ),

    actuels as (
        select
            case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end as nom,
            case when a.grantee <> 0 then pg_get_userbyid(a.grantee)::text end as beneficiaire,
            a.is_grantable as transmissible
        from pg_proc as p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        where p.oid = identite and a.grantee <> p.proowner
        union all
        -- A new function is everybody's until told otherwise.
        select 'public', null, false where identite is null
    ),

    fautifs as (
        select a.nom, a.beneficiaire
        from actuels as a left join voulus as v on v.beneficiaire = a.beneficiaire
        where v.beneficiaire is null or a.transmissible
    )

    select format('revoke all on function %I.%I() from %s cascade', nom_schema, nom_fonction, f.nom)
    from fautifs as f
    union all
    select format('grant execute on function %I.%I() to %I', nom_schema, nom_fonction, v.beneficiaire)
    from voulus as v
    where v.beneficiaire not in (select a.beneficiaire from actuels as a where a.beneficiaire is not null)
        or v.beneficiaire in (select f.beneficiaire from fautifs as f where f.beneficiaire is not null)
$octrois_fonction$;
