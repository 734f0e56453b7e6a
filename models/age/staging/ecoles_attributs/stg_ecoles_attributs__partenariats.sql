with source as (
    select * from {{ source('ecoles_attributs', 'partenariats') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ to_date('cliche', 'yyyy-MM-dd') }} as date_cliche,
        {{ school_key_establishment('sec') }} as secondaire_etablissement_id,
        {{ school_key_site('sec') }} as secondaire_implantation_id,
        {{ school_key_establishment('prim') }} as primaire_etablissement_id,
        {{ school_key_site('prim') }} as primaire_implantation_id,
        {{ to_date('date', 'yyyy-MM-dd') }} as date_debut
    from source
),

final as (
    select * from typees
    where
        date_cliche is not null
        and secondaire_etablissement_id is not null
        and secondaire_implantation_id is not null
        and primaire_etablissement_id is not null
        and primaire_implantation_id is not null
)

select * from final
