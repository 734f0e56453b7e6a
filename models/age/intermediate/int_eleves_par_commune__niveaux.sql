with maternel as (
    select * from {{ ref('stg_eleves_par_commune__maternel') }}
),

primaire as (
    select * from {{ ref('stg_eleves_par_commune__primaire') }}
),

final as (
    select
        annee,
        'Maternel' as niveau,
        code_nis,
        commune_nom,
        nombre_eleves
    from maternel
    union all
    select
        annee,
        'Primaire' as niveau,
        code_nis,
        commune_nom,
        nombre_eleves
    from primaire
)

select * from final
