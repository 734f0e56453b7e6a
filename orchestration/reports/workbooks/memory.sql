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
    raise exception 'Les retours des gestionnaires ne se modifient pas : % refusé.', tg_op using errcode = '42501';
end
$$;

create or replace trigger sans_retouche before update or delete or truncate
on plateforme.retours_gestionnaires for each statement execute function plateforme.refuser_retouche();
