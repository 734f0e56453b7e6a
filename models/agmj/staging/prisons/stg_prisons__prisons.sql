with source as (
    select * from {{ source('prisons', 'prisons') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ clean_text('id') }} as prison_id,
        {{ clean_text('kind') }} as genre,
        {{ clean_text('name_fr') }} as nom,
        {{ clean_text('address_street') }} as adresse,
        {{ to_code('address_postalcode', '[1-9][0-9]{3}') }} as code_postal,
        {{ clean_text('address_city') }} as localite,
        {{ to_code('address_municipality', '[0-9]{5}') }} as code_nis
    from source
),

final as (
    select * from typees
    where
        prison_id is not null
)

select * from final
