with dates_bce as (
    {{ latest_rows(ref('stg_ecoles_attributs__dates_bce'), date='date_cliche', by=['numero_bce']) }}
),

-- The same number twice in a snapshot: the earliest start is the one that holds.
final as (
    select
        dates_bce.numero_bce,
        min(dates_bce.date_debut) as date_debut
    from dates_bce
    group by dates_bce.numero_bce
)

select * from final
