with annees_scolaires as (
    select * from {{ ref('annees_scolaires') }}
),

-- A school year lasts, holidays included, until the day before the next one.
suivantes as (
    select
        courante.annee_scolaire,
        min(suivante.debut) as debut_suivante
    from annees_scolaires as courante
    inner join annees_scolaires as suivante on courante.debut < suivante.debut
    group by courante.annee_scolaire
),

final as (
    select
        annees_scolaires.annee_scolaire,
        annees_scolaires.debut,
        annees_scolaires.fin,
        coalesce({{ add_days('suivantes.debut_suivante', -1) }}, annees_scolaires.fin) as fin_vacances
    from annees_scolaires
    left join suivantes on annees_scolaires.annee_scolaire = suivantes.annee_scolaire
)

select * from final
