with habitants as (
    select * from {{ ref('stg_population__habitants') }}
),

codes_actuels as (
    select * from {{ ref('int_communes__codes_actuels') }}
),

final as (
    select
        {{ dbt.concat([
            'cast(habitants.annee as text)', "'_'", 'habitants.code_nis', "'_'", 'habitants.sexe', "'_'",
            'cast(habitants.classe_age as text)'
        ]) }} as population_cle,
        habitants.annee,
        habitants.code_nis,
        codes_actuels.code_nis_actuel,
        habitants.sexe,
        case when habitants.classe_age >= 100 then 100 else habitants.classe_age - 4 end as age_min,
        case when habitants.classe_age < 100 then habitants.classe_age end as age_max,
        case
            when habitants.classe_age >= 100 then '100 ans et plus'
            else {{ dbt.concat([
                'cast(habitants.classe_age - 4 as text)', "' à '", 'cast(habitants.classe_age as text)', "' ans'"
            ]) }}
        end as tranche_age,
        habitants.habitants
    from habitants
    left join codes_actuels on habitants.code_nis = codes_actuels.code_nis
)

select * from final
