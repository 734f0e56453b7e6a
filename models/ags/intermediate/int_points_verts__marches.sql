-- The portal publishes the whole season again each time: the latest extract tells the truth of a walk.
with marches as (
    {{ latest_rows(ref('stg_points_verts__marches'), date='date_extraction', by=['marche_id']) }}
),

-- One extract may still repeat a walk: its first line counts.
premieres_lignes as (
    select
        marche_id,
        source_fichier,
        min(source_ligne) as source_ligne
    from marches
    group by marche_id, source_fichier
),

final as (
    select
        marches.marche_id,
        marches.numero_point_vert,
        marches.date_marche,
        marches.activite,
        marches.statut,
        case when lower(marches.statut) like 'annul%' then true else false end as est_annulee,
        marches.groupement,
        marches.commune_nom,
        marches.localite,
        marches.province,
        marches.lieu_rendez_vous,
        marches.latitude,
        marches.longitude,
        marches.gare,
        marches.parcours_10km,
        marches.parcours_15km,
        marches.parcours_sante,
        marches.balade_guidee,
        marches.parcours_orientation,
        marches.accessible_pmr,
        marches.accessible_poussettes,
        marches.ravitaillement,
        marches.parcours_velo,
        marches.parcours_vtt
    from marches
    inner join premieres_lignes
        on
            marches.marche_id = premieres_lignes.marche_id
            and marches.source_fichier = premieres_lignes.source_fichier
            and marches.source_ligne = premieres_lignes.source_ligne
)

select * from final
