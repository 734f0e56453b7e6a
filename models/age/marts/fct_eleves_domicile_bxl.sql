with eleves as (
    select * from {{ ref('int_eleves_par_commune__domicile_bxl') }}
),

codes_postaux as (
    select * from {{ ref('dim_code_postal') }}
    where est_principale
),

final as (
    select
        eleves.annee,
        eleves.niveau,
        eleves.code_postal,
        codes_postaux.code_nis,
        cast(eleves.nombre_eleves as {{ dbt.type_bigint() }}) as nombre_eleves
    from eleves
    left join codes_postaux
        on eleves.code_postal = codes_postaux.code_postal
)

select * from final
