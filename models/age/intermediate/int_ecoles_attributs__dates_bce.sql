with dates_bce as (
    select * from {{ ref('stg_ecoles_attributs__dates_bce') }}
),

derniers_cliches as (
    {{ latest_file('dates_bce', date='date_cliche', by=['numero_bce']) }}
),

-- The same number twice in a snapshot: the earliest start is the one that holds.
final as (
    select
        dates_bce.numero_bce,
        min(dates_bce.date_debut) as date_debut
    from dates_bce
    inner join derniers_cliches
        on
            dates_bce.numero_bce = derniers_cliches.numero_bce
            and dates_bce.source_fichier = derniers_cliches.source_fichier
    group by dates_bce.numero_bce
)

select * from final
