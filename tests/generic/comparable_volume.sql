{#
  What came last is about as long as what came before it: a file cut in half, or sent twice over, is not.
  Each file of the last deposit (twelve hours) is compared with its own former receipts, be they of the same
  hour, or, for a new file, with those of the table's other files before that deposit: with their median, the
  seven newest of them at most. Of an even number the newest is left out: a bad receipt alone makes neither
  the next bad one normal nor the corrected one strange. A table with no former receipt passes, unless what
  came is empty: that never does, loaded or refused, unless the source allows it. Nor does a file that waits
  because it collapsed, as long as nothing mends it.

  Arguments: at_least and at_most, the bounds of the ratio, both allowed.
#}
{% test comparable_volume(model, at_least=0.7, at_most=1.5) %}
{{ config(severity='warn', enabled=target.type != 'denodo') }}
with entrees as (
    select
        chargement_id,
        fichier,
        statut,
        motif,
        recu_le,
        lignes
    from plateforme.chargements
    where {{ receipts_of(model) }}
),

-- A file that was read again (a new declaration, a purge) keeps its receipt.
receptions as (
    select
        fichier,
        recu_le,
        max(lignes) as lignes
    from entrees
    where statut in ('charge', 'remplace')
    group by fichier, recu_le
),

-- What was decided last of each file: refused for what it counts, or in place without a row.
actuelles as (
    select max(chargement_id) as chargement_id
    from entrees
    group by fichier
    union all
    select max(chargement_id) as chargement_id
    from entrees
    where statut in ('charge', 'remplace', 'doublon', 'renomme', 'retire')
    group by fichier
),

vides_ou_en_chute as (
    select
        entrees.fichier,
        entrees.lignes
    from entrees
    where
        entrees.chargement_id in (select actuelles.chargement_id from actuelles)
        and (
            (entrees.statut in ('echec', 'attente') and entrees.motif in ('vide', 'chute'))
            or (
                entrees.statut in ('charge', 'remplace')
                and entrees.lignes = 0
                and entrees.motif not in ('vide_admise', 'effacees', 'accepte')
            )
        )
),

depot as (
    select max(recu_le) - interval '12 hours' as debut
    from receptions
),

derniers as (
    select
        receptions.fichier,
        max(receptions.recu_le) as recu_le
    from receptions
    cross join depot
    where receptions.recu_le > depot.debut
    group by receptions.fichier
),

siennes as (
    select
        derniers.fichier,
        receptions.recu_le,
        receptions.lignes
    from derniers
    inner join receptions
        on derniers.fichier = receptions.fichier and derniers.recu_le > receptions.recu_le
),

voisines as (
    select
        derniers.fichier,
        receptions.recu_le,
        receptions.lignes
    from derniers
    cross join depot
    inner join receptions
        on depot.debut >= receptions.recu_le
    where not exists (select from siennes where siennes.fichier = derniers.fichier)
),

anterieures as (
    select
        fichier,
        recu_le,
        lignes
    from siennes
    union all
    select
        fichier,
        recu_le,
        lignes
    from voisines
),

comparables as (
    select
        derniers.fichier,
        avant.recu_le,
        avant.lignes
    from derniers
    cross join lateral (
        select
            anterieures.recu_le,
            anterieures.lignes
        from anterieures
        where anterieures.fichier = derniers.fichier
        order by anterieures.recu_le desc
        limit 7
    ) as avant
),

comptees as (
    select
        fichier,
        count(*) as nombre,
        max(recu_le) as derniere
    from comparables
    group by fichier
),

reperes as (
    select
        comparables.fichier,
        percentile_disc(0.5) within group (order by comparables.lignes) as lignes
    from comparables
    inner join comptees
        on comparables.fichier = comptees.fichier
    where comptees.nombre % 2 = 1 or comparables.recu_le < comptees.derniere
    group by comparables.fichier
)

select
    derniers.fichier,
    receptions.lignes,
    reperes.lignes as lignes_attendues
from derniers
inner join receptions
    on derniers.fichier = receptions.fichier and derniers.recu_le = receptions.recu_le
inner join reperes
    on derniers.fichier = reperes.fichier
where
    receptions.lignes < reperes.lignes * {{ at_least }}
    or receptions.lignes > reperes.lignes * {{ at_most }}
union all
select
    vides_ou_en_chute.fichier,
    vides_ou_en_chute.lignes,
    coalesce(
        (
            select receptions.lignes
            from receptions
            where receptions.fichier = vides_ou_en_chute.fichier and receptions.lignes > 0
            order by receptions.recu_le desc
            limit 1
        ),
        (
            select receptions.lignes
            from receptions
            order by receptions.recu_le desc
            limit 1
        )
    ) as lignes_attendues
from vides_ou_en_chute
{% endtest %}
