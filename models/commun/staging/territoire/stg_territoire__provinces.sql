with source as (
    select * from {{ source('territoire', 'provinces') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ to_code('id', '[0-9]{5}') }} as code_nis,
        {{ clean_text('name_fr') }} as nom_fr,
        {{ clean_text('name_nl') }} as nom_nl,
        {{ clean_text('name_de') }} as nom_de,
        {{ to_code('region', '[0-9]{5}') }} as region_code
    from source
),

final as (
    select * from typees
    where
        code_nis is not null
        and nom_fr is not null
)

select * from final
