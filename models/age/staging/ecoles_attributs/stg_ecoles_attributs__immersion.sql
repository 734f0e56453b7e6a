with source as (
    select * from {{ source('ecoles_attributs', 'immersion') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ to_date('cliche', 'yyyy-MM-dd') }} as date_cliche,
        {{ school_key_establishment('ecole') }} as etablissement_id,
        {{ school_key_site('ecole') }} as implantation_id,
        {{ clean_text('langues') }} as langues_immersion
    from source
),

final as (
    select * from typees
    where
        date_cliche is not null
        and etablissement_id is not null
        and implantation_id is not null
        and langues_immersion is not null
)

select * from final
