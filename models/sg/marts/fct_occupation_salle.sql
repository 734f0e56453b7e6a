with occupations as (
    select * from {{ ref('stg_salles__occupation') }}
),

final as (
    select
        occupations.occupation_id,
        occupations.batiment,
        occupations.salle,
        occupations.debut_mois,
        occupations.reservations,
        occupations.heures_reservees,
        occupations.heures_ouvertes,
        {{ cast_decimal(safe_divide('occupations.heures_reservees', 'occupations.heures_ouvertes'), 6, 4) }}
            as taux_occupation
    from occupations
)

select * from final
