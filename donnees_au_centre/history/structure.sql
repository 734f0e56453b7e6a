-- The history of dbt's runs: schema, tables, functions. Run as often as one likes, in one transaction, after
-- donnees_au_centre/audit/structure.sql, whose owner and writers are also those of this schema; by an account of
-- the same kind (psql --single-transaction).
do $$
begin
    -- Only for the time of this script; taken back at its end.
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('grant audit_proprietaire to %I with inherit false, set true', current_user);
    end if;
end
$$;

create schema if not exists historique authorization audit_proprietaire;

set local role audit_proprietaire;

create table if not exists historique.executions (
    execution_id integer generated always as identity primary key,
    cle uuid not null unique,
    commencee_le timestamptz not null,
    terminee_le timestamptz not null,
    commande text not null,
    lanceur text not null,
    portee text not null,
    cible text not null,
    revision text not null,
    manifeste text not null,
    version_dbt text not null,
    issue text not null check (issue in ('reussi', 'echec', 'interrompu')),
    notee_le timestamptz not null default clock_timestamp(),
    compte text
);
-- Learned later: null in what was noted before.
alter table historique.executions add column if not exists compte text;

create table if not exists historique.noeuds (
    noeud_id integer generated always as identity primary key,
    unique_id text not null unique
);

-- One row a node and run, at most 1,200 of them a run: no index, since every question reads a span of runs,
-- which the rows' order already is; text last, so that a row fits in 48 bytes.
create table if not exists historique.resultats (
    execution_id integer not null,
    noeud_id integer not null,
    debut_ms integer not null,
    duree_ms integer not null,
    lignes bigint,
    fautes integer,
    statut text not null check (statut in ('reussi', 'averti', 'echec', 'erreur', 'saute'))
);
create index if not exists resultats_executions on historique.resultats using brin (execution_id);

create table if not exists historique.messages (
    execution_id integer not null,
    noeud_id integer not null,
    message text not null
);

create table if not exists historique.fraicheurs (
    execution_id integer not null,
    noeud_id integer not null,
    recu_le timestamptz,
    statut text not null check (statut in ('reussi', 'averti', 'echec', 'erreur'))
);

create table if not exists historique.mesures (
    execution_id integer not null,
    noeud_id integer not null,
    valeur double precision not null,
    mesure text not null
);
create index if not exists mesures_noeuds on historique.mesures (noeud_id, execution_id);

comment on schema historique is 'L''histoire des exécutions de dbt, sans aucune valeur de ligne.';
comment on table historique.executions is 'Une ligne par commande dbt : quand, par qui, sur quoi, quelle issue.';
comment on column historique.executions.cle is 'Identifiant de dbt (invocation_id) : la même exécution ne se note pas deux fois.';
comment on column historique.executions.commande is 'Commande dbt : build, test, source freshness…';
comment on column historique.executions.lanceur is 'Ce qui l''a lancée : make demo, make build, dagster agx…';
comment on column historique.executions.portee is 'Domaines ou sélection ; tout pour le projet entier.';
comment on column historique.executions.revision is 'Révision git du projet.';
comment on column historique.executions.manifeste is 'Condensé SHA-256 du projet tel que dbt l''a lu.';
comment on column historique.executions.compte is
    'Compte PostgreSQL qui l''a notée (session_user), donné par le serveur.';
comment on table historique.noeuds is 'Les nœuds dbt dont un résultat a été noté.';
comment on table historique.resultats is 'Le résultat d''un modèle ou d''un test dans une exécution.';
comment on column historique.resultats.debut_ms is 'Millisecondes entre le début de l''exécution et celui du nœud.';
comment on column historique.resultats.lignes is 'Lignes écrites par un modèle, quand la base le dit.';
comment on column historique.resultats.fautes is 'Lignes en faute d''un test ; nul quand il n''y en a pas.';
comment on table historique.messages is 'Le message de ce qui n''a pas réussi, sans valeur de ligne.';
comment on table historique.fraicheurs is 'La dernière réception d''une source, vue par dbt source freshness.';
comment on table historique.mesures is 'Des comptes et des moyennes de tables, pour voir ce qui change.';

create or replace function historique.refuser() returns trigger
language plpgsql
as $$
begin
    -- Anybody may say the word: it counts in the functions that purge, which run as the owner.
    if tg_op = 'DELETE' and current_setting('historique.purge', true) = 'oui' and current_user = 'audit_proprietaire'
    then
        return null;
    end if;
    raise exception 'L''historique ne se modifie pas : % refusé.', tg_op using errcode = '42501';
end
$$;

do $$
declare
    nom text;
begin
    foreach nom in array array['executions', 'noeuds', 'resultats', 'messages', 'fraicheurs', 'mesures'] loop
        execute format(
            'create or replace trigger sans_retouche before update or delete or truncate on historique.%I '
            'for each statement execute function historique.refuser()',
            nom
        );
        execute format('alter table historique.%I enable always trigger sans_retouche', nom);
    end loop;
end
$$;

-- One run, noted whole or not at all, with its row in the audit journal; noted already, it is left as it is.
create or replace function historique.noter(
    execution jsonb, resultats jsonb, fraicheurs jsonb, mesures jsonb
) returns integer
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '60s'
as $$
declare
    numero integer;
    debut timestamptz := (execution->>'commencee_le')::timestamptz;
    fin timestamptz := (execution->>'terminee_le')::timestamptz;
    statuts jsonb;
begin
    if jsonb_typeof(execution) is distinct from 'object' or (
        select bool_or(jsonb_typeof(liste) is distinct from 'array')
        from unnest(array[resultats, fraicheurs, mesures]) as liste
    ) then
        raise exception 'Une exécution se note par un objet et trois listes JSON.' using errcode = '22023';
    end if;
    if octet_length(concat(execution, resultats, fraicheurs, mesures)) > 67108864 then
        raise exception 'Une exécution ne se note pas au-delà de 64 Mio.' using errcode = '22023';
    end if;
    if not coalesce(isfinite(debut) and debut <= fin and fin <= clock_timestamp() + interval '1 day', false) then
        raise exception 'Une exécution commence, puis finit, et pas dans l''avenir (de % à %).', debut, fin
        using errcode = '22023';
    end if;
    if exists (
        select from jsonb_each(execution) as e
        where jsonb_typeof(e.value) <> 'string' or length(e.value #>> '{}') > 2000
            or e.value #>> '{}' ~ '[\x01-\x1f\x7f-\x9f]'
    ) or exists (
        select from jsonb_to_recordset(resultats || fraicheurs || mesures) as r (unique_id text, message text)
        where r.unique_id is null or length(r.unique_id) > 2000 or length(r.message) > 2000
            or concat(r.unique_id, r.message) ~ '[\x01-\x1f\x7f-\x9f]'
    ) then
        raise exception 'Les textes d''une exécution ont 2 000 caractères au plus, sans caractère de commande.'
        using errcode = '22023';
    end if;
    -- One at a time: the order of the numbers is then the order in which readers see them.
    lock table historique.executions in share row exclusive mode;
    select e.execution_id into numero from historique.executions as e where e.cle = (execution->>'cle')::uuid;
    if found then
        return numero;
    end if;
    insert into historique.executions (
        cle, commencee_le, terminee_le, commande, lanceur, portee, cible, revision, manifeste, version_dbt, issue,
        compte
    )
    select
        e.cle, e.commencee_le, e.terminee_le, e.commande, e.lanceur, e.portee, e.cible, e.revision,
        e.manifeste, e.version_dbt, e.issue, session_user
    from jsonb_to_record(execution) as e (
        cle uuid, commencee_le timestamptz, terminee_le timestamptz, commande text, lanceur text, portee text,
        cible text, revision text, manifeste text, version_dbt text, issue text
    )
    returning execution_id into numero;
    -- An identity would lose a number to every name already there.
    insert into historique.noeuds (unique_id)
    select distinct nouveau.unique_id
    from jsonb_to_recordset(resultats || fraicheurs || mesures) as nouveau (unique_id text)
    where not exists (select from historique.noeuds as n where n.unique_id = nouveau.unique_id);
    insert into historique.resultats (execution_id, noeud_id, debut_ms, duree_ms, lignes, fautes, statut)
    select numero, n.noeud_id, r.debut_ms, r.duree_ms, r.lignes, r.fautes, r.statut
    from jsonb_to_recordset(resultats) as r (
        unique_id text, debut_ms integer, duree_ms integer, lignes bigint, fautes integer, statut text
    )
    inner join historique.noeuds as n on n.unique_id = r.unique_id;
    insert into historique.messages (execution_id, noeud_id, message)
    select numero, n.noeud_id, r.message
    from jsonb_to_recordset(resultats || fraicheurs) as r (unique_id text, message text)
    inner join historique.noeuds as n on n.unique_id = r.unique_id
    where r.message <> '';
    insert into historique.fraicheurs (execution_id, noeud_id, recu_le, statut)
    select numero, n.noeud_id, f.recu_le, f.statut
    from jsonb_to_recordset(fraicheurs) as f (unique_id text, recu_le timestamptz, statut text)
    inner join historique.noeuds as n on n.unique_id = f.unique_id;
    insert into historique.mesures (execution_id, noeud_id, valeur, mesure)
    select numero, n.noeud_id, m.valeur, m.mesure
    from jsonb_to_recordset(mesures) as m (unique_id text, valeur double precision, mesure text)
    inner join historique.noeuds as n on n.unique_id = m.unique_id;
    select jsonb_object_agg(c.statut, c.nombre) into statuts
    from (
        select r.statut, count(*) as nombre
        from historique.resultats as r where r.execution_id = numero group by r.statut
    ) as c;
    -- In the same transaction: no run is in the history without its row in the journal.
    perform audit.ajouter(
        'historique', execution->>'portee',
        jsonb_build_object(
            'execution', execution->>'cle', 'numero', numero, 'commande', execution->>'commande',
            'issue', execution->>'issue', 'cible', execution->>'cible', 'commencee_le', debut,
            'statuts', coalesce(statuts, '{}')
        ),
        '', execution->>'revision', execution->>'lanceur'
    );
    return numero;
end
$$;

-- Forgets the runs that began before a moment; the last 90 days always stay. For who keeps house for the whole
-- platform (orchestration/supervision.py), not for who builds a domain.
create or replace function historique.purger(avant timestamptz) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    premiere integer;
    nombre bigint;
begin
    -- Compared with nothing, every run would be older.
    if avant is null or not isfinite(avant) or avant > now() - interval '90 days' then
        raise exception 'Les 90 derniers jours de l''historique ne se purgent pas : donnez une date d''avant.' using errcode = '22023';
    end if;
    select min(e.execution_id) into premiere from historique.executions as e where e.commencee_le >= avant;
    perform set_config('historique.purge', 'oui', true);
    delete from historique.resultats as r where premiere is null or r.execution_id < premiere;
    delete from historique.messages as m where premiere is null or m.execution_id < premiere;
    delete from historique.fraicheurs as f where premiere is null or f.execution_id < premiere;
    delete from historique.mesures as m where premiere is null or m.execution_id < premiere;
    delete from historique.executions as e where premiere is null or e.execution_id < premiere;
    get diagnostics nombre = row_count;
    perform set_config('historique.purge', '', true);
    return nombre;
end
$$;

revoke all on schema historique from public;
revoke all on all tables in schema historique from public;
revoke all on all functions in schema historique from public;
alter default privileges in schema historique revoke all on tables from public;
grant usage on schema historique to audit_ecriture, audit_auditeur;
grant execute on function historique.noter(jsonb, jsonb, jsonb, jsonb) to audit_ecriture;
grant execute on function historique.purger(timestamptz) to audit_ecriture;
grant select on all tables in schema historique to audit_ecriture, audit_auditeur;

-- An older base let every builder forget.
do $$
declare
    compte oid;
begin
    for compte in
        select a.grantee
        from pg_proc as p, aclexplode(p.proacl) as a
        where p.oid = 'historique.purger(timestamptz)'::regprocedure
            and a.grantee not in (p.proowner, 'audit_ecriture'::regrole)
    loop
        execute format('revoke all on function historique.purger(timestamptz) from %s', compte::regrole);
    end loop;
end
$$;

reset role;

do $$
begin
    if not (select rolsuper from pg_roles where rolname = current_user) then
        execute format('revoke audit_proprietaire from %I granted by %I', current_user, current_user);
    end if;
end
$$;
