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
        -- Small numbers: the mart's own sum of them costs half of that of large ones.
        cast(sum(nombre_eleves) as {{ dbt.type_int() }}) as nombre_eleves
    from effectifs
    group by chargement_id, annee_scolaire, etablissement_id, implantation_id, niveau, genre
)

select * from final
