with source as (
    select * from {{ source('codes_bce', 'codes_postaux_bce') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ to_code('code', '[1-9][0-9]{3}') }} as code_postal,
        {{ clean_text('label_fr') }} as libelle_fr,
        {{ clean_text('label_nl') }} as libelle_nl,
        {{ clean_text('label_de') }} as libelle_de,
        {{ clean_text('label_en') }} as libelle_en
    from source
),

final as (
    select * from typees
    where
        code_postal is not null
        and libelle_fr is not null
)

select * from final
