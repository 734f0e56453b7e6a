-- The memory of the messages: what was said to whom. Run as often as one likes, in one transaction, after
-- donnees_au_centre/history/structure.sql, whose schema, owner, writers and refusals are also this table's.
do $$
begin
    -- Only for the time of this script; taken back at its end.
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant audit_proprietaire to %I with inherit false, set true', current_user);
    end if;
end
$$;

set local role audit_proprietaire;

create table if not exists historique.envois (
    envoi_id integer generated always as identity primary key,
    dit_le timestamptz not null,
    execution text not null,
    canal text not null,
    destinataire text not null,
    copies text not null,
    domaine text not null,
    probleme text not null,
    intitule text not null,
    gravite text not null check (gravite in ('', 'averti', 'echec', 'erreur')),
    mot text not null check (mot in ('nouveau', 'aggrave', 'rappel', 'repare', 'retire', 'bilan')),
    depuis timestamptz not null,
    envoye boolean not null,
    motif text not null
);
create index if not exists envois_problemes on historique.envois (probleme, canal, destinataire, envoi_id);

comment on table historique.envois is 'Un mot dit, ou pas parti, à quelqu''un sur un problème : jamais retouché.';
comment on column historique.envois.execution is 'Exécution Dagster ou commande qui a envoyé le message.';
comment on column historique.envois.destinataire is 'Boîte fonctionnelle ; vide pour un canal qui a ses lecteurs.';
comment on column historique.envois.probleme is 'Genre et identifiant dbt : controle:test.…, modele:model.…';
comment on column historique.envois.depuis is 'Début du problème.';
comment on column historique.envois.envoye is 'Faux quand le canal n''a pas pris le message, qui repart à l''exécution suivante.';
comment on column historique.envois.motif is 'Pourquoi il n''est pas parti, sans secret.';

create or replace trigger sans_retouche before update or delete or truncate on historique.envois
for each statement execute function historique.refuser();
alter table historique.envois enable always trigger sans_retouche;

create or replace function historique.noter_envois(mots jsonb) returns void
language sql
security definer
set search_path = pg_catalog, pg_temp
as $$
    insert into historique.envois (
        dit_le, execution, canal, destinataire, copies, domaine, probleme, intitule, gravite, mot, depuis,
        envoye, motif
    )
    select
        m.dit_le, m.execution, m.canal, m.destinataire, m.copies, m.domaine, m.probleme, m.intitule, m.gravite,
        m.mot, m.depuis, m.envoye, m.motif
    from jsonb_to_recordset(mots) as m (
        dit_le timestamptz, execution text, canal text, destinataire text, copies text, domaine text,
        probleme text, intitule text, gravite text, mot text, depuis timestamptz, envoye boolean, motif text
    )
$$;

-- Has who sends messages wait for who does already, until the end of his transaction: only the owner may lock.
create or replace function historique.seul_a_dire() returns void
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
begin
    lock table historique.envois in share update exclusive mode;
end
$$;

-- Forgets the problems whose end was told before a moment, and the digests before it; what lasts stays, so
-- that nobody is told anew.
create or replace function historique.purger_envois(avant timestamptz) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    nombre bigint;
begin
    if avant is null or not isfinite(avant) or avant > now() - interval '90 days' then
        raise exception 'Les 90 derniers jours de l''historique ne se purgent pas : donnez une date d''avant.' using errcode = '22023';
    end if;
    perform set_config('historique.purge', 'oui', true);
    with fins as (
        select f.probleme, f.canal, f.destinataire, max(f.envoi_id) as envoi_id
        from historique.envois as f
        where f.envoye and f.mot in ('repare', 'retire', 'bilan') and f.dit_le < avant
        group by f.probleme, f.canal, f.destinataire
    )
    delete from historique.envois as e
    using fins as f
    where e.probleme = f.probleme and e.canal = f.canal and e.destinataire = f.destinataire
        and e.envoi_id <= f.envoi_id;
    get diagnostics nombre = row_count;
    perform set_config('historique.purge', '', true);
    return nombre;
end
$$;

revoke all on historique.envois from public;
revoke all on function historique.noter_envois(jsonb) from public;
revoke all on function historique.purger_envois(timestamptz) from public;
revoke all on function historique.seul_a_dire() from public;
grant execute on function historique.seul_a_dire() to audit_ecriture;
grant execute on function historique.noter_envois(jsonb) to audit_ecriture;
grant execute on function historique.purger_envois(timestamptz) to audit_ecriture;
grant select on historique.envois to audit_ecriture, audit_auditeur;

reset role;

do $$
begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('revoke audit_proprietaire from %I granted by %I', current_user, current_user);
    end if;
end
$$;
