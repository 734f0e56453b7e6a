with source as (
    select * from {{ source('places_secondaire', 'places_secondaire') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ to_code('periode', '[0-9]{4}-[0-9]{4}') }} as periode,
        {{ to_integer("substr(periode, 6, 4)") }} as periode_fin,
        {{ school_key_establishment('ecole') }} as etablissement_id,
        {{ school_key_site('ecole') }} as implantation_id,
        {{ places_year('valeur', 'annee', 'periode') }} as annee,
        {{ places_status('valeur', 'fill_number') }} as statut,
        {{ to_integer('declared') }} as places_declarees,
        {{ to_integer('received') }} as demandes_recues
    from source
),

-- « - » means that nothing was declared or received: null, and no écart.
final as (
    select * from typees
    where
        periode is not null
        and etablissement_id is not null
        and implantation_id is not null
        and annee is not null
        and statut is not null
)

select * from final
