-- The audit journal: roles, schema, table, functions, view. Run as often as one likes, in one transaction.
-- By an account that may create roles (create role … createrole) and schemas in this database; the platform's
-- own account need not be one: an administrator may run this file with psql --single-transaction.
do $$
declare
    nom text;
begin
    -- Installing twice at once, in two databases of one server, must not fail.
    perform pg_advisory_xact_lock(hashtextextended('audit.structure', 7411));
    foreach nom in array array['audit_proprietaire', 'audit_ecriture', 'audit_auditeur', 'audit_lecture'] loop
        if not exists (select from pg_roles where rolname = nom) then
            begin
                execute format('create role %I nologin', nom);
            exception when duplicate_object or unique_violation then
                null;
            end;
        end if;
    end loop;
    -- Only for the time of this script; taken back at its end.
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant audit_proprietaire to %I with inherit false, set true', current_user);
        execute format('grant audit_ecriture to %I', current_user);
    end if;
end
$$;

create schema if not exists audit authorization audit_proprietaire;

set local role audit_proprietaire;

create table if not exists audit.evenements (
    id bigint primary key,
    fait_le timestamptz not null,
    compte text not null,
    adresse text not null,
    systeme text not null,
    revision text not null,
    commande text not null,
    action text not null,
    objet text not null,
    details jsonb not null,
    precedent text not null,
    condense text not null
);

-- Apart from the table, so that one made before an action was known learns it.
alter table audit.evenements drop constraint if exists evenements_action_check;
alter table audit.evenements add constraint evenements_action_check check (
    action in (
        'chargement', 'construction', 'historique', 'droits', 'purge', 'export', 'acces_personne', 'effacement',
        'rectification'
    )
);

comment on schema audit is 'Le journal d''audit : qui a fait quoi, sans retouche possible.';
comment on table audit.evenements is
    'Une ligne par action, chaînée à la précédente par son condensé ; lue par la vue audit.journal.';
comment on column audit.evenements.id is 'Numéro de la ligne, sans trou, à partir de 1.';
comment on column audit.evenements.fait_le is 'Date et heure de l''enregistrement, données par le serveur.';
comment on column audit.evenements.compte is 'Compte PostgreSQL connecté (session_user), donné par le serveur.';
comment on column audit.evenements.adresse is 'Adresse du client, donnée par le serveur ; vide par prise locale.';
comment on column audit.evenements.systeme is 'Compte du système et machine, dits par la commande.';
comment on column audit.evenements.revision is 'Révision git du projet, dite par la commande.';
comment on column audit.evenements.commande is 'Commande de la plateforme, dite par elle-même.';
comment on column audit.evenements.action is 'Ce qui a été fait.';
comment on column audit.evenements.objet is 'Sur quoi : domaine, sélection, jeu de données…';
comment on column audit.evenements.details is 'Comptes et paramètres ; jamais une valeur personnelle.';
comment on column audit.evenements.precedent is 'Condensé de la ligne précédente ; au hasard pour la première.';
comment on column audit.evenements.condense is 'SHA-256 du texte canonique de cette ligne, precedent compris.';

create or replace function audit.refuser() returns trigger
language plpgsql
as $$
begin
    raise exception 'Le journal d''audit ne se modifie pas : % refusé.', tg_op using errcode = '42501';
end
$$;

create or replace trigger sans_retouche
before update or delete or truncate on audit.evenements
for each statement execute function audit.refuser();

-- Also when session_replication_role says replica.
alter table audit.evenements enable always trigger sans_retouche;

-- Writes one row; called by the functions that first judge who asks, and by nobody else.
create or replace function audit.ajouter(
    nouvelle_action text, nouvel_objet text, nouveaux_details jsonb,
    nouveau_systeme text, nouvelle_revision text, nouvelle_commande text
) returns table (numero bigint, empreinte text)
language plpgsql
set search_path = pg_catalog, pg_temp
set lock_timeout = '60s'
as $$
declare
    dernier_id bigint;
    dernier_condense text;
    instant timestamptz;
    client text := coalesce(host(inet_client_addr()), '');
    tenants text;
    pris text := current_setting('role');
    details_notes jsonb := nouveaux_details - 'role_pris';
begin
    -- A snapshot taken before the lock would not see the last row.
    if current_setting('transaction_isolation') <> 'read committed' then
        raise exception 'Le journal d''audit ne se note qu''en read committed.' using errcode = '25001';
    end if;
    -- One at a time, until the end of the transaction that notes: numbers have no hole, the chain no fork. A
    -- lock of the table, which asks for a right on it: nobody else can hold it.
    begin
        lock table audit.evenements in share row exclusive mode;
    exception when lock_not_available then
        select string_agg(distinct format('compte %s, processus %s', coalesce(a.usename, '?'), l.pid), ' ; ')
        into tenants
        from pg_locks as l
        left join pg_stat_activity as a on l.pid = a.pid
        where l.relation = 'audit.evenements'::regclass and l.granted and l.mode <> 'AccessShareLock'
            and l.database = (select d.oid from pg_database as d where d.datname = current_database());
        raise exception 'Le journal d''audit est tenu depuis une minute par une autre transaction (%).',
            coalesce(tenants, 'terminée depuis') using errcode = '55P03';
    end;
    select e.id, e.condense into dernier_id, dernier_condense
    from audit.evenements as e order by e.id desc limit 1;
    numero := coalesce(dernier_id, 0) + 1;
    dernier_condense := coalesce(
        dernier_condense, encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex')
    );
    instant := clock_timestamp();
    -- The account is the one that connected; the role that it took, if any, is told beside.
    if pris not in ('none', session_user) then
        details_notes := details_notes || jsonb_build_object('role_pris', pris);
    end if;
    -- The same text as donnees_au_centre/audit/checking.py works out.
    empreinte := encode(
        sha256(
            convert_to(
                jsonb_build_array(
                    numero, to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), session_user::text,
                    client, nouveau_systeme, nouvelle_revision, nouvelle_commande, nouvelle_action,
                    nouvel_objet, details_notes, dernier_condense
                )::text,
                'UTF8'
            )
        ),
        'hex'
    );
    insert into audit.evenements (
        id, fait_le, compte, adresse, systeme, revision, commande, action, objet, details, precedent, condense
    ) values (
        numero, instant, session_user::text, client, nouveau_systeme, nouvelle_revision, nouvelle_commande,
        nouvelle_action, nouvel_objet, details_notes, dernier_condense, empreinte
    );
    if not found then
        raise exception 'La ligne % du journal d''audit n''a pas été écrite.', numero using errcode = '55000';
    end if;
    return next;
end
$$;

create or replace function audit.noter(
    nouvelle_action text, nouvel_objet text, nouveaux_details jsonb,
    nouveau_systeme text, nouvelle_revision text, nouvelle_commande text
) returns table (numero bigint, empreinte text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    pris text := current_setting('role');
    -- Who asks: current_user is the owner of this function.
    qui name := case when pris = 'none' then session_user else pris end;
    limite_a_ses_domaines boolean;
    etranger text;
begin
    if num_nulls(
        nouvelle_action, nouvel_objet, nouveaux_details, nouveau_systeme, nouvelle_revision, nouvelle_commande
    ) > 0 then
        raise exception 'Un événement du journal d''audit ne laisse rien de nul.' using errcode = '22004';
    end if;
    if jsonb_typeof(nouveaux_details) <> 'object' or octet_length(nouveaux_details::text) > 1048576 then
        raise exception 'Les détails d''un événement du journal d''audit sont un objet JSON, de 1 Mio au plus.'
        using errcode = '22023';
    end if;
    if length(nouvel_objet) > 2000
        or greatest(length(nouveau_systeme), length(nouvelle_revision), length(nouvelle_commande)) > 300
        or concat(nouvel_objet, nouveau_systeme, nouvelle_revision, nouvelle_commande) ~ '[\x01-\x1f\x7f-\x9f]'
    then
        raise exception 'Les textes d''un événement du journal d''audit sont courts (objet : 2 000 caractères, '
            'les autres : 300) et sans caractère de commande.' using errcode = '22023';
    end if;
    -- Who may note what, by role. « historique » is not here: historique.noter notes it itself.
    select bool_and(h.roles = 'dbt\_%') into limite_a_ses_domaines
    from (
        values
        (
            'audit\_ecriture',
            array[
                'chargement', 'construction', 'droits', 'purge', 'export', 'acces_personne', 'effacement',
                'rectification'
            ]
        ),
        ('chargeur', '{chargement}'),
        ('dbt\_%', '{construction, export, purge}'),
        ('droits\_des\_personnes', '{acces_personne, effacement, rectification, purge}')
    ) as h (roles, actions)
    inner join pg_roles as r on r.rolname like h.roles
    where nouvelle_action = any(h.actions) and pg_has_role(qui, r.oid, 'member');
    if limite_a_ses_domaines is null then
        raise exception 'Le compte % ne peut pas noter « % » dans le journal d''audit.', qui, nouvelle_action
        using errcode = '42501';
    end if;
    -- The receptions are the loader's, and of who takes rows out.
    if limite_a_ses_domaines and nouveaux_details ?| array['chargements', 'reprises'] then
        raise exception 'Le compte % ne charge pas : « chargements » et « reprises » se refusent.', qui
        using errcode = '42501';
    end if;
    -- What a domain's role tells of another domain is that it tried to build there, never that it did.
    if limite_a_ses_domaines and not (
        nouvelle_action = 'construction' and coalesce(nouveaux_details->>'issue', '') in ('echec', 'interrompu')
    ) then
        select d.domaine into etranger
        from (
            select substr(r.rolname, 5) as domaine, r.oid from pg_roles as r where r.rolname like 'dbt\_%'
        ) as d
        inner join (
            select mot from regexp_split_to_table(nouvel_objet, '[^[:alnum:]_]+') as mot
            union all
            select split_part(t.nom, '.', 1)
            from jsonb_object_keys(
                case jsonb_typeof(nouveaux_details->'tables')
                    when 'object' then nouveaux_details->'tables' else '{}'
                end
            ) as t (nom)
            union all
            select split_part(t.nom, '.', 1)
            from jsonb_array_elements_text(
                case jsonb_typeof(nouveaux_details->'tables')
                    when 'array' then nouveaux_details->'tables' else '[]'
                end
            ) as t (nom)
        ) as nommes on d.domaine = regexp_replace(
            lower(nommes.mot), '^raw_|(_staging|_intermediate|_reference)?(_masque|_filtre)?$', '', 'g'
        )
        where not pg_has_role(qui, d.oid, 'member')
        limit 1;
        if found then
            raise exception 'Le compte % ne peut rien noter sur % dans le journal d''audit.', qui, etranger
            using errcode = '42501';
        end if;
    end if;
    return query select a.numero, a.empreinte
    from audit.ajouter(
        nouvelle_action, nouvel_objet, nouveaux_details, nouveau_systeme, nouvelle_revision, nouvelle_commande
    ) as a;
end
$$;

create or replace view audit.journal with (security_barrier) as
select id, fait_le, compte, adresse, systeme, revision, commande, action, objet, details, precedent, condense
from audit.evenements;

comment on view audit.journal is 'Le journal d''audit, pour le rôle audit_auditeur.';

revoke all on schema audit from public;
revoke all on all tables in schema audit from public;
revoke all on all functions in schema audit from public;
alter default privileges in schema audit revoke all on tables from public;
grant usage on schema audit to audit_ecriture, audit_auditeur;
grant execute on function audit.noter(text, text, jsonb, text, text, text) to audit_ecriture;
grant select on audit.journal to audit_auditeur;

reset role;

do $$
begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('revoke audit_proprietaire from %I granted by %I', current_user, current_user);
    end if;
end
$$;
