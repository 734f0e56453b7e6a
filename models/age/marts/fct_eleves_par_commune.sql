with eleves as (
    select * from {{ ref('int_eleves_par_commune__niveaux') }}
),

communes as (
    select * from {{ ref('dim_commune') }}
),

dates as (
    select
        annee,
        niveau,
        code_nis,
        commune_nom,
        nombre_eleves,
        {{ make_day('annee', 1, 1) }} as premier_janvier
    from eleves
),

-- The file names the communes of its year: the code is read as it was then, not as it is now.
final as (
    select
        dates.annee,
        dates.niveau,
        dates.code_nis,
        communes.code_nis_actuel,
        dates.commune_nom,
        cast(dates.nombre_eleves as {{ dbt.type_bigint() }}) as nombre_eleves
    from dates
    left join communes
        on
            dates.code_nis = communes.code_nis
            and dates.premier_janvier between communes.valide_du and communes.valide_au
)

select * from final
