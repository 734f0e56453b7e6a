{#
  Offers new tables of marts to their readers, all at once: PL/pgSQL for lock_attempt_sql.

  Readers know a mart by its view, which stays, with its rights and with what they made over it; each build
  makes a table of its own in <schema>_versions, and this has the view show it. Plain text, without a word of
  dbt: the platform reads it too (donnees_au_centre/building/offering.py), to offer a domain at once and to
  go back without reading the project.

  A column that the view has and the table has not, or has with another type, is taken from readers by no one
  unawares. `columns` says what is done then: 'refuser'; 'refaire', make the view anew when no view of somebody
  else reads it (where marts are being written); 'nulles', show it as null (going back to before it came).

  A mart may say what is promised of it (policies/contracts/): 'refuser' then holds for these columns alone, and
  another leaves as by 'refaire'.
#}
{% macro offer_sql(marts, columns) -%}
declare
    _mart record;
    _note record;
    _liste text;
    _perdues text;
    _promises boolean;
    _liseuses text;
    _vues text[];
    _vue text;
    _chemin text := current_setting('search_path');
    -- A reader that waits for a second has PostgreSQL look for deadlocks, and may lose its query.
    _echeance timestamptz := clock_timestamp() + 0.85 * cast(current_setting('deadlock_timeout') as interval);
begin
    -- PostgreSQL then writes each name of a view with its schema.
    perform set_config('search_path', 'pg_catalog', true);

    -- All of them first, so that nothing is begun for nothing.
    for _mart in
        select
            format('%I.%I', recu.schema, recu.nom) as vue,
            format('%I.%I', recu.schema || '_masque', recu.nom) as masquee,
            en_place.relkind as genre,
            exists (
                select neuve.attname from pg_attribute as neuve
                where neuve.attrelid = to_regclass(format('%I.%I', recu.schema || '_versions', recu.candidate))::oid
                    and neuve.attnum > 0 and not neuve.attisdropped
                except
                select attname from pg_attribute where attrelid = en_place.oid
            ) as augmentee
        from jsonb_to_recordset(cast({{ marts }} as jsonb)) as recu (schema text, nom text, candidate text)
        inner join pg_class as en_place on en_place.oid = to_regclass(format('%I.%I', recu.schema, recu.nom))::oid
        -- One order for all publications, but for the mart at which the last attempt failed.
        order by
            format('%I.%I', recu.schema, recu.nom) = current_setting('plateforme.bloquante', true) desc nulls last,
            recu.schema, recu.nom
    loop
        _bloquante := _mart.vue;
        if _mart.genre = 'v' then
            if _mart.augmentee then
                -- Its readers take it before the view: so does this. It comes back with the rights, below.
                execute format('drop view if exists %s', _mart.masquee);
            end if;
            -- Changes nothing; `lock table` would ask for what the view reads, too.
            execute format('alter view %s reset (check_option)', _mart.vue);
        else
            execute format('lock table %s in access exclusive mode', _mart.vue);
        end if;
        -- Who waits for the next one makes the readers of those already taken wait, and a reader of two marts may
        -- have taken them in the other order: the first attempts ask for little, the later ones for more.
        perform set_config('lock_timeout', greatest(1, least(
            coalesce(cast(nullif(current_setting('plateforme.sursis', true), '') as integer), 20),
            floor(1000 * extract(epoch from _echeance - clock_timestamp()))
        )) || 'ms', true);
    end loop;

    for _mart in
        select
            recu.schema,
            recu.nom,
            recu.candidate,
            recu.version,
            recu.promises,
            format('%I.%I', recu.schema, recu.nom) as vue,
            format('%I.%I', recu.schema || '_versions', recu.candidate) as neuve,
            to_regclass(format('%I.%I', recu.schema || '_versions', recu.candidate))::oid as neuve_oid,
            en_place.oid as vue_oid,
            en_place.relkind as genre
        from jsonb_to_recordset(cast({{ marts }} as jsonb)) as recu (
            schema text, nom text, candidate text, version text, promises jsonb
        )
        left join pg_class as en_place on en_place.oid = to_regclass(format('%I.%I', recu.schema, recu.nom))::oid
        order by recu.schema, recu.nom
    loop
        _bloquante := _mart.vue;
        if to_regnamespace(quote_ident(_mart.schema)) is null then
            execute format('create schema %I', _mart.schema);
        end if;

        -- What a table offered until now becomes a version, and the views that read it will read the view.
        _vues := '{}';
        if _mart.genre in ('r', 'p') then
            select coalesce(array_agg(format(
                'create or replace view %s%s as %s', liseuse.oid::regclass,
                ' with (' || array_to_string(liseuse.reloptions, ', ') || ')', pg_get_viewdef(liseuse.oid)
            )), '{}')
            into _vues
            from pg_class as liseuse
            inner join pg_namespace as schema_lu on liseuse.relnamespace = schema_lu.oid
            where
                liseuse.relkind = 'v' and schema_lu.nspname <> _mart.schema || '_masque'
                and exists (
                    select
                    from pg_depend as lien inner join pg_rewrite as regle on lien.objid = regle.oid
                    where regle.ev_class = liseuse.oid and lien.refobjid = _mart.vue_oid
                );
            execute format('alter table %s rename to %I', _mart.vue, _mart.nom || '__v00000000_000000_000');
            execute format(
                'alter table %I.%I set schema %I', _mart.schema, _mart.nom || '__v00000000_000000_000',
                _mart.schema || '_versions'
            );
            _mart.vue_oid := null;
        end if;

        with en_place as (
            select attname, attnum, format_type(atttypid, atttypmod) as type
            from pg_attribute where attrelid = _mart.vue_oid and attnum > 0
        ),

        neuves as (
            select attname, attnum, format_type(atttypid, atttypmod) as type
            from pg_attribute where attrelid = _mart.neuve_oid and attnum > 0 and not attisdropped
        )

        select
            string_agg(
                case
                    when neuves.attname is null then format('cast(null as %s) as %I', en_place.type, en_place.attname)
                    else quote_ident(neuves.attname)
                end,
                ', ' order by en_place.attnum nulls last, neuves.attnum
            ),
            string_agg(en_place.attname, ', ' order by en_place.attnum) filter (
                where neuves.type is distinct from en_place.type
                    and not (neuves.attname is null and '{{ columns }}' = 'nulles')
            ),
            bool_or(neuves.type is distinct from en_place.type) filter (
                where en_place.attname is not null and coalesce(_mart.promises @> to_jsonb(en_place.attname), true)
            )
        into _liste, _perdues, _promises
        from en_place full join neuves on en_place.attname = neuves.attname;

        if _perdues is not null and _mart.vue_oid is not null then
            select string_agg(distinct liseuse.oid::regclass::text, ', ')
            into _liseuses
            from pg_depend as lien
            inner join pg_rewrite as regle on lien.objid = regle.oid
            inner join pg_class as liseuse on regle.ev_class = liseuse.oid
            inner join pg_namespace as schema_lu on liseuse.relnamespace = schema_lu.oid
            where lien.refobjid = _mart.vue_oid and liseuse.oid <> _mart.vue_oid
                and schema_lu.nspname <> _mart.schema || '_masque';
            if ('{{ columns }}' <> 'refaire' and _promises) or _liseuses is not null then
                raise exception using errcode = 'DAC01', message = format(
                    '%s.%s n''a plus, ou plus du même type, ce que ses lecteurs y lisent : %s%s. L''ancienne version reste.',
                    _mart.schema, _mart.nom, _perdues, coalesce(' (' || _liseuses || ')', '')
                );
            end if;
            execute format('drop view if exists %I.%I', _mart.schema || '_masque', _mart.nom);
            execute format('drop view %s', _mart.vue);
            _mart.vue_oid := null;
            select string_agg(quote_ident(attname), ', ' order by attnum)
            into _liste
            from pg_attribute where attrelid = _mart.neuve_oid and attnum > 0 and not attisdropped;
        end if;

        execute format('create or replace view %s as select %s from %s', _mart.vue, _liste, _mart.neuve);
        if _mart.candidate <> _mart.version then
            execute format('alter table %s rename to %I', _mart.neuve, _mart.version);
        end if;
        foreach _vue in array _vues loop
            execute _vue;
        end loop;

        for _note in
            select colonne.attname as colonne, obj_description(_mart.neuve_oid, 'pg_class') as texte
            from (values (cast(null as name))) as colonne (attname)
            where obj_description(_mart.neuve_oid, 'pg_class')
                is distinct from obj_description(to_regclass(_mart.vue)::oid, 'pg_class')
            union all
            select neuve.attname, col_description(_mart.neuve_oid, neuve.attnum)
            from pg_attribute as neuve
            inner join pg_attribute as offerte
                on offerte.attrelid = to_regclass(_mart.vue)::oid and offerte.attname = neuve.attname
            where neuve.attrelid = _mart.neuve_oid and neuve.attnum > 0 and not neuve.attisdropped
                and col_description(_mart.neuve_oid, neuve.attnum)
                is distinct from col_description(offerte.attrelid, offerte.attnum)
        loop
            if _note.colonne is null then
                execute format('comment on view %s is %L', _mart.vue, _note.texte);
            else
                execute format('comment on column %s.%I is %L', _mart.vue, _note.colonne, _note.texte);
            end if;
        end loop;

        -- An analyst's own schemas (DBT_SCHEMA_PREFIX) are in no declaration.
        if to_regclass('acces.declaration') is not null then
            perform acces.appliquer(_mart.schema, _mart.nom)
            from acces.declaration where contenu -> 'schemas' @> to_jsonb(_mart.schema);
        end if;
    end loop;
    perform set_config('search_path', _chemin, true);
end;
{%- endmacro %}
