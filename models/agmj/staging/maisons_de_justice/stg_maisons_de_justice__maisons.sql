with source as (
    select * from {{ source('maisons_de_justice', 'maisons_de_justice') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ clean_text('id') }} as maison_de_justice_id,
        {{ clean_text('community') }} as communaute,
        coalesce({{ clean_text('name_fr') }}, {{ clean_text('name_nl') }}) as nom,
        {{ clean_text('address_street') }} as adresse,
        {{ to_code('address_postalcode', '[1-9][0-9]{3}') }} as code_postal,
        {{ clean_text('address_city') }} as localite,
        {{ to_code('address_municipality', '[0-9]{5}') }} as code_nis,
        coalesce({{ clean_text('website_fr') }}, {{ clean_text('website_nl') }}) as page_web
    from source
),

final as (
    select * from typees
    where
        maison_de_justice_id is not null
)

select * from final
