with annees_scolaires as (
    select * from {{ ref('annees_scolaires') }}
),

conges as (
    select * from {{ ref('stg_conges__conges_scolaires') }}
),

etes as (
    select
        {{ date_part('year', 'debut') }} as annee,
        source_fichier,
        source_recu_le,
        debut,
        fin
    from conges
    where
        nom like 'Vacances d''été%'
        and {{ date_part('year', 'debut') }} = {{ date_part('year', 'fin') }}
),

derniers_etes as (
    {{ latest_rows('etes', by=['annee']) }}
),

etes_recus as (
    select
        annee,
        {{ add_days('min(debut)', -1) }} as veille,
        {{ add_days('max(fin)', 1) }} as lendemain
    from derniers_etes
    group by annee
),

-- A received summer says when the year before it ends and the next one begins; the table says the rest.
bornees as (
    select
        annees_scolaires.annee_scolaire,
        annees_scolaires.debut as debut_table,
        annees_scolaires.fin as fin_table,
        avant.lendemain as debut_recu,
        apres.veille as fin_recue,
        coalesce(avant.lendemain, annees_scolaires.debut) as debut,
        coalesce(apres.veille, annees_scolaires.fin) as fin,
        case
            when avant.annee is not null or apres.annee is not null then 'conges_recus'
            else 'annees_scolaires'
        end as origine
    from annees_scolaires
    left join etes_recus as avant on {{ date_part('year', 'annees_scolaires.debut') }} = avant.annee
    left join etes_recus as apres on {{ date_part('year', 'annees_scolaires.fin') }} = apres.annee
),

-- A school year lasts, holidays included, until the day before the next one.
suivantes as (
    select
        courante.annee_scolaire,
        min(suivante.debut) as debut_suivante
    from bornees as courante
    inner join bornees as suivante on courante.debut < suivante.debut
    group by courante.annee_scolaire
),

final as (
    select
        bornees.annee_scolaire,
        bornees.debut,
        bornees.fin,
        coalesce({{ add_days('suivantes.debut_suivante', -1) }}, bornees.fin) as fin_vacances,
        bornees.origine,
        bornees.debut_table,
        bornees.debut_recu,
        bornees.fin_table,
        bornees.fin_recue
    from bornees
    left join suivantes on bornees.annee_scolaire = suivantes.annee_scolaire
)

select * from final
