with source as (
    select * from {{ source('ecoles_attributs', 'bce_et_dates') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ to_date('cliche', 'yyyy-MM-dd') }} as date_cliche,
        {{ to_bce_number('identifier') }} as numero_bce,
        {{ to_date('startdate', 'dd-MM-yyyy') }} as date_debut
    from source
),

final as (
    select * from typees
    where
        date_cliche is not null
        and numero_bce is not null
)

select * from final
