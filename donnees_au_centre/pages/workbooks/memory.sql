-- What the stewards said of their lines: added to, never changed. The marks are hashes of what a steward reads.
create schema if not exists plateforme;
create table if not exists plateforme.retours_gestionnaires (
    retour_id bigint generated always as identity primary key,
    repere text not null,
    domaine text not null,
    objet text not null,
    texte text not null,
    fait_le date,
    classeur text not null,
    lu_le timestamptz not null default clock_timestamp()
);
create index if not exists retours_reperes on plateforme.retours_gestionnaires (repere, retour_id);
comment on table plateforme.retours_gestionnaires is
    'Ce que les gestionnaires ont noté dans leurs classeurs : une ligne par note lue, jamais modifiée.';
comment on column plateforme.retours_gestionnaires.repere is 'Condensé du contrôle et de la clé de la ligne.';
comment on column plateforme.retours_gestionnaires.texte is 'Ce qui a été fait ; vide quand la note est retirée.';

create or replace function plateforme.refuser_retouche() returns trigger
language plpgsql
as $$
begin
    -- Anybody may say the word: it counts in the function that purges, which runs as the owner.
    if tg_op = 'DELETE' and current_setting('plateforme.purge', true) = 'oui'
        and current_user = (select pg_get_userbyid(c.relowner) from pg_class as c where c.oid = tg_relid)
    then
        return null;
    end if;
    raise exception 'Les retours des gestionnaires ne se modifient pas : % refusé.', tg_op using errcode = '42501';
end
$$;

create or replace trigger sans_retouche before update or delete or truncate
on plateforme.retours_gestionnaires for each statement execute function plateforme.refuser_retouche();

-- Forgets what was noted before a moment, and what it replaced; of the 90 last days, nothing.
create or replace function plateforme.purger_retours(avant timestamptz) returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
declare
    nombre bigint;
begin
    if avant is null or not isfinite(avant) or avant > now() - interval '90 days' then
        raise exception 'Les retours des 90 derniers jours ne se purgent pas : donnez une date d''avant.' using errcode = '22023';
    end if;
    perform set_config('plateforme.purge', 'oui', true);
    delete from plateforme.retours_gestionnaires where lu_le < avant;
    get diagnostics nombre = row_count;
    perform set_config('plateforme.purge', '', true);
    return nombre;
end
$$;
revoke all on function plateforme.purger_retours(timestamptz) from public;
