with source as (
    select * from {{ source('ecoles_geolocalisees', 'ecoles_geolocalisees') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ to_date('cliche', 'yyyy-MM-dd') }} as date_cliche,
        case niveau
            when 'primary' then 'Primaire'
            when 'secondary' then 'Secondaire'
        end as niveau,
        {{ school_key_establishment('id') }} as etablissement_id,
        {{ school_key_site('id') }} as implantation_id,
        {{ clean_text('name') }} as nom,
        {{ clean_text('address') }} as adresse,
        {{ clean_text('city') }} as commune_nom,
        {{ clean_text('network') }} as reseau,
        {{ to_decimal('geo_lat', 9, 6, round=true) }} as latitude,
        {{ to_decimal('geo_lon', 9, 6, round=true) }} as longitude,
        {{ to_date('date', 'yyyy-MM-dd') }} as date_debut,
        {{ school_key_establishment('partenaria_id') }} as partenaire_etablissement_id,
        {{ school_key_site('partenaria_id') }} as partenaire_implantation_id,
        {{ to_date('partenaria_date', 'yyyy-MM-dd') }} as partenariat_debut,
        {{ to_integer('ise') }} as classe_ise,
        {{ clean_text('immersion') }} as langues_immersion
    from source
),

final as (
    select * from typees
    where
        date_cliche is not null
        and niveau is not null
        and etablissement_id is not null
        and implantation_id is not null
)

select * from final
