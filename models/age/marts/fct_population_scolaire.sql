with effectifs as (
    select * from {{ ref('stg_population_scolaire__effectifs') }}
),

final as (
    select
        annee_scolaire,
        etablissement_id,
        implantation_id,
        niveau,
        genre,
        sum(nombre_eleves) as nombre_eleves
    from effectifs
    group by annee_scolaire, etablissement_id, implantation_id, niveau, genre
)

select * from final
