with formes as (
    select * from {{ ref('stg_codes_bce__formes_juridiques') }}
),

final as (
    select
        forme_juridique_code,
        libelle_fr,
        libelle_nl,
        libelle_de
    from formes
)

select * from final
