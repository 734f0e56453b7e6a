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
    action text not null check (
        action in (
            'chargement', 'construction', 'droits', 'purge', 'export', 'acces_personne', 'effacement',
            'rectification'
        )
    ),
    objet text not null,
    details jsonb not null,
    precedent text not null,
    condense text not null
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

create or replace function audit.noter(
    nouvelle_action text, nouvel_objet text, nouveaux_details jsonb,
    nouveau_systeme text, nouvelle_revision text, nouvelle_commande text
) returns table (numero bigint, empreinte text)
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    dernier_id bigint;
    dernier_condense text;
    instant timestamptz;
    client text := coalesce(host(inet_client_addr()), '');
begin
    -- One at a time, until the end of the transaction that notes: numbers have no hole, the chain no fork.
    perform pg_advisory_xact_lock(hashtextextended('audit.evenements', 7411));
    select e.id, e.condense into dernier_id, dernier_condense
    from audit.evenements as e order by e.id desc limit 1;
    numero := coalesce(dernier_id, 0) + 1;
    dernier_condense := coalesce(
        dernier_condense, encode(sha256(convert_to(gen_random_uuid()::text, 'UTF8')), 'hex')
    );
    instant := clock_timestamp();
    -- The same text as orchestration/audit/checking.py works out.
    empreinte := encode(
        sha256(
            convert_to(
                jsonb_build_array(
                    numero, to_char(instant at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), session_user::text,
                    client, nouveau_systeme, nouvelle_revision, nouvelle_commande, nouvelle_action,
                    nouvel_objet, nouveaux_details, dernier_condense
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
        nouvelle_action, nouvel_objet, nouveaux_details, dernier_condense, empreinte
    );
    return next;
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
