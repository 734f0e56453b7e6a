with prises_en_charge as (
    select
        annee,
        {{ arrondissement_code('code_nis') }} as arrondissement_code,
        type_mesure,
        jeune_pseudonyme
    from {{ ref('stg_prises_en_charge__prises_en_charge') }}
),

arrondissements as (
    select
        arrondissement_code,
        min(arrondissement_nom) as arrondissement_nom
    from {{ ref('dim_commune_actuelle') }}
    group by arrondissement_code
),

{{ suppress_small_counts(
    'prises_en_charge', name='protegees', row='arrondissement_code', column='type_mesure',
    person='jeune_pseudonyme', within=['annee'], count='prises_en_charge'
) }},

final as (
    select
        protegees.annee,
        protegees.arrondissement_code,
        coalesce(arrondissements.arrondissement_nom, protegees.arrondissement_code) as arrondissement_nom,
        protegees.type_mesure,
        protegees.niveau,
        protegees.prises_en_charge,
        protegees.statut
    from protegees
    left join arrondissements
        on protegees.arrondissement_code = arrondissements.arrondissement_code
)

select * from final
