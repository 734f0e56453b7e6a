with mandats as (
    select
        annee,
        maison_de_justice_id,
        type_mandat,
        justiciable_pseudonyme
    from {{ ref('stg_mandats__mandats') }}
),

{{ suppress_small_counts(
    'mandats', name='proteges', row='maison_de_justice_id', column='type_mandat',
    person='justiciable_pseudonyme', within=['annee'], count='mandats_recus'
) }},

maisons as (
    select * from {{ ref('dim_maison_de_justice') }}
),

final as (
    select
        proteges.annee,
        proteges.maison_de_justice_id,
        coalesce(maisons.nom, proteges.maison_de_justice_id) as maison_de_justice_nom,
        proteges.type_mandat,
        proteges.niveau,
        proteges.mandats_recus,
        proteges.statut
    from proteges
    left join maisons
        on proteges.maison_de_justice_id = maisons.maison_de_justice_id
)

select * from final
