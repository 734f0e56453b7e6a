with ecoles as (
    select * from {{ ref('stg_ecoles_geolocalisees__ecoles') }}
),

situees as (
    select
        implantation_id,
        date_cliche,
        source_fichier,
        source_ligne,
        source_recu_le,
        latitude,
        longitude
    from ecoles
    where
        latitude is not null
        and longitude is not null
),

dernieres as (
    {{ latest_rows('situees', date='date_cliche', by=['implantation_id']) }}
),

-- A site may hold a primary and a secondary school: one record of the snapshot, whole.
enregistrements as (
    select
        implantation_id,
        source_fichier,
        min(source_ligne) as source_ligne
    from dernieres
    group by implantation_id, source_fichier
),

final as (
    select
        situees.implantation_id,
        situees.date_cliche,
        situees.latitude,
        situees.longitude
    from situees
    inner join enregistrements
        on
            situees.implantation_id = enregistrements.implantation_id
            and situees.source_fichier = enregistrements.source_fichier
            and situees.source_ligne = enregistrements.source_ligne
)

select * from final
