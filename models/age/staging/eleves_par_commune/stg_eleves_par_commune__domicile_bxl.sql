with source as (
    select * from {{ source('eleves_par_commune', 'eleves_domicile_bxl') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        case
            when {{ is_code('annee', '[1-9][0-9]{3}') }} then {{ to_integer('annee') }}
        end as annee,
        case lower({{ clean_text('lieu_de_domicile') }})
            when 'maternelle' then 'Maternel'
            when 'primaire' then 'Primaire'
        end as niveau,
        {{ to_integer('c_1000') }} as eleves_1000,
        {{ to_integer('c_1020') }} as eleves_1020,
        {{ to_integer('c_1030') }} as eleves_1030,
        {{ to_integer('c_1040') }} as eleves_1040,
        {{ to_integer('c_1050') }} as eleves_1050,
        {{ to_integer('c_1060') }} as eleves_1060,
        {{ to_integer('c_1070') }} as eleves_1070,
        {{ to_integer('c_1080') }} as eleves_1080,
        {{ to_integer('c_1081') }} as eleves_1081,
        {{ to_integer('c_1082') }} as eleves_1082,
        {{ to_integer('c_1083') }} as eleves_1083,
        {{ to_integer('c_1090') }} as eleves_1090,
        {{ to_integer('c_1120') }} as eleves_1120,
        {{ to_integer('c_1130') }} as eleves_1130,
        {{ to_integer('c_1140') }} as eleves_1140,
        {{ to_integer('c_1150') }} as eleves_1150,
        {{ to_integer('c_1160') }} as eleves_1160,
        {{ to_integer('c_1170') }} as eleves_1170,
        {{ to_integer('c_1180') }} as eleves_1180,
        {{ to_integer('c_1190') }} as eleves_1190,
        {{ to_integer('c_1200') }} as eleves_1200,
        {{ to_integer('c_1210') }} as eleves_1210,
        {{ to_integer('total') }} as eleves_total
    from source
),

final as (
    select * from typees
    where
        annee is not null
        and niveau is not null
)

select * from final
