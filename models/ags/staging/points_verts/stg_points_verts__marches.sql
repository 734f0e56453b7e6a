with source as (
    select * from {{ source('points_verts', 'points_verts') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ to_integer('id') }} as marche_id,
        {{ clean_text('ndeg_pv') }} as numero_point_vert,
        {{ to_date('date', 'yyyy-MM-dd') }} as date_marche,
        {{ clean_text('activite') }} as activite,
        {{ clean_text('statut') }} as statut,
        {{ clean_text('groupement') }} as groupement,
        {{ clean_text('entite') }} as commune_nom,
        {{ clean_text('localite') }} as localite,
        {{ clean_text('province') }} as province,
        {{ clean_text('lieu_de_rendez_vous') }} as lieu_rendez_vous,
        {{ to_decimal('latitude', 9, 6, round=true) }} as latitude,
        {{ to_decimal('longitude', 9, 6, round=true) }} as longitude,
        {{ clean_text('gare') }} as gare,
        {{ to_boolean('c_10km') }} as parcours_10km,
        {{ to_boolean('c_15km') }} as parcours_15km,
        {{ to_boolean('adep_sante') }} as parcours_sante,
        {{ to_boolean('balade_guidee') }} as balade_guidee,
        {{ to_boolean('orientation') }} as parcours_orientation,
        {{ to_boolean('pmr') }} as accessible_pmr,
        {{ to_boolean('poussettes') }} as accessible_poussettes,
        {{ to_boolean('ravitaillement') }} as ravitaillement,
        {{ to_boolean('velo') }} as parcours_velo,
        {{ to_boolean('vtt') }} as parcours_vtt,
        {{ to_date('extraction', 'yyyy-MM-dd') }} as date_extraction
    from source
),

-- Sans identifiant ni date, une marche ne peut être retrouvée ni comptée : voir les écarts.
final as (
    select * from typees
    where
        marche_id is not null
        and date_marche is not null
)

select * from final
