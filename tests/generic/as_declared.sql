{#
  The last deposit of each file could be loaded, and brought the declared columns alone. A file that fails, or
  waits for a yes, leaves its former rows: nothing else would show that the table is no longer up to date.
#}
{% test as_declared(model) %}
{{ config(severity='warn') }}
with entrees as (
    select
        chargement_id,
        fichier,
        statut,
        motif,
        colonnes_nouvelles
    from plateforme.chargements
    where {{ receipts_of(model) }}
),

dernieres as (
    select
        fichier,
        max(chargement_id) as derniere,
        max(case when statut in ('charge', 'remplace') then chargement_id end) as placee
    from entrees
    group by fichier
)

select
    entrees.fichier,
    entrees.statut,
    entrees.motif,
    entrees.colonnes_nouvelles
from entrees
inner join dernieres
    on entrees.fichier = dernieres.fichier
where
    (entrees.chargement_id = dernieres.derniere and entrees.statut in ('echec', 'attente'))
    or (entrees.chargement_id = dernieres.placee and entrees.colonnes_nouvelles <> '')
{% endtest %}
