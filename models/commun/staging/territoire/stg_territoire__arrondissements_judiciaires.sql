with source as (
    select * from {{ source('territoire', 'arrondissements_judiciaires') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ clean_text('id') }} as arrondissement_judiciaire_id,
        {{ clean_text('name_fr') }} as nom_fr,
        {{ clean_text('name_nl') }} as nom_nl,
        {{ clean_text('name_de') }} as nom_de,
        {{ clean_text('judicialarea') }} as ressort
    from source
),

final as (
    select * from typees
    where
        arrondissement_judiciaire_id is not null
        and nom_fr is not null
)

select * from final
