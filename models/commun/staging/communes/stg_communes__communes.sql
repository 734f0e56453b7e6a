with source as (
    select * from {{ source('communes', 'communes') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ to_code('nis_code', '[0-9]{5}') }} as code_nis,
        {{ to_integer('annee') }} as annee,
        {{ clean_text('municipality_nl') }} as nom_nl,
        {{ clean_text('municipality_fr') }} as nom_fr,
        {{ clean_text('arrondissement_nl') }} as arrondissement_nl,
        {{ clean_text('arrondissement_fr') }} as arrondissement_fr,
        {{ clean_text('province_nl') }} as province_nl,
        {{ clean_text('province_fr') }} as province_fr,
        {{ clean_text('region_nl') }} as region_nl,
        {{ clean_text('region_fr') }} as region_fr,
        {{ to_integer('inhabitants', [',', ' ']) }} as habitants,
        {{ to_code('zip', '[1-9][0-9]{3}') }} as code_postal
    from source
),

final as (
    select * from typees
    where
        code_nis is not null
        and annee is not null
)

select * from final
