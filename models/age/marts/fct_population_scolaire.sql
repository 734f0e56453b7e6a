with effectifs as (
    select * from {{ ref('int_population_scolaire__par_chargement') }}
),

final as (
    select
        annee_scolaire,
        etablissement_id,
        implantation_id,
        niveau,
        genre,
        cast(sum(nombre_eleves) as {{ dbt.type_bigint() }}) as nombre_eleves
    from effectifs
    group by annee_scolaire, etablissement_id, implantation_id, niveau, genre
)

select * from final
