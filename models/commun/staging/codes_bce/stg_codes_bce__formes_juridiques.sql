with source as (
    select * from {{ source('codes_bce', 'formes_juridiques') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ to_code('code', '[0-9]{3}') }} as forme_juridique_code,
        {{ clean_text('label_fr') }} as libelle_fr,
        {{ clean_text('label_nl') }} as libelle_nl,
        {{ clean_text('label_de') }} as libelle_de,
        {{ clean_text('label_en') }} as libelle_en
    from source
),

final as (
    select * from typees
    where
        forme_juridique_code is not null
        and libelle_fr is not null
)

select * from final
