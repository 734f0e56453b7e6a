with source as (
    select * from {{ source('communes', 'localites') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ clean_text('nom') }} as localite,
        {{ to_code('postal', '[1-9][0-9]{3}') }} as code_postal,
        {{ to_code('ins', '[0-9]{5}') }} as code_nis
    from source
),

final as (
    select * from typees
    where
        localite is not null
        and code_postal is not null
)

select * from final
