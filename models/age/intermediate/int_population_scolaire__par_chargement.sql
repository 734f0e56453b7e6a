{{ config(materialized='by_load') }}

with effectifs as (
    select * from {{ ref('stg_population_scolaire__effectifs') }}
),

final as (
    select
        chargement_id,
        annee_scolaire,
        etablissement_id,
        implantation_id,
        niveau,
        genre,
        sum(nombre_eleves) as nombre_eleves
    from effectifs
    group by chargement_id, annee_scolaire, etablissement_id, implantation_id, niveau, genre
)

select * from final
