with marches as (
    select * from {{ ref('int_points_verts__marches') }}
),

noms_communes as (
    select * from {{ ref('dim_commune_nom') }}
),

final as (
    select
        marches.marche_id,
        marches.numero_point_vert,
        marches.date_marche,
        marches.activite,
        marches.statut,
        marches.est_annulee,
        marches.groupement,
        noms_communes.code_nis,
        noms_communes.code_nis as commune_nis,
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
    left join noms_communes
        on {{ name_key('marches.commune_nom') }} = noms_communes.nom_normalise
)

select * from final
