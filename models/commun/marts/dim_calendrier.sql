with jours as (
    select * from {{ ref('int_calendrier__jours') }}
),

annees_scolaires as (
    select * from {{ ref('int_calendrier__annees_scolaires') }}
),

feries as (
    select * from {{ ref('int_calendrier__jours_feries') }}
    where nature = 'legal'
),

fetes_scolaires as (
    select * from {{ ref('int_calendrier__jours_feries') }}
    where nature = 'scolaire'
),

conges as (
    select * from {{ ref('int_calendrier__conges_scolaires') }}
),

reunis as (
    select
        jours.jour,
        jours.annee,
        jours.trimestre,
        jours.mois,
        jours.mois_nom,
        jours.jour_du_mois,
        jours.jour_de_semaine,
        jours.jour_de_semaine_nom,
        jours.semaine_iso,
        jours.annee_iso,
        annees_scolaires.annee_scolaire,
        annees_scolaires.debut as annee_scolaire_debut,
        annees_scolaires.fin as annee_scolaire_fin,
        annees_scolaires.origine as annee_scolaire_origine,
        case when jours.jour_de_semaine in (6, 7) then true else false end as est_weekend,
        case when feries.jour is not null then true else false end as est_ferie,
        feries.nom as ferie_nom,
        -- A holiday is known from three places; null means that none of them speaks of the day.
        case
            when jours.jour > annees_scolaires.fin then true
            when fetes_scolaires.jour is not null then true
            else conges.est_conge
        end as est_conge_scolaire,
        case
            when jours.jour > annees_scolaires.fin then 'Vacances d''été'
            else coalesce(conges.nom, fetes_scolaires.nom)
        end as conge_scolaire_nom,
        case
            when conges.est_conge then 'conges_recus'
            when jours.jour > annees_scolaires.fin then annees_scolaires.origine
            when fetes_scolaires.jour is not null then 'jours_feries_regles'
            when conges.jour is not null then 'conges_recus'
        end as conge_scolaire_origine,
        conges.corrections as conge_scolaire_correction
    from jours
    left join annees_scolaires
        on jours.jour between annees_scolaires.debut and annees_scolaires.fin_vacances
    left join feries on jours.jour = feries.jour
    left join fetes_scolaires on jours.jour = fetes_scolaires.jour
    left join conges on jours.jour = conges.jour
),

final as (
    select
        jour,
        annee,
        trimestre,
        mois,
        mois_nom,
        jour_du_mois,
        jour_de_semaine,
        jour_de_semaine_nom,
        semaine_iso,
        annee_iso,
        annee_scolaire,
        annee_scolaire_debut,
        annee_scolaire_fin,
        annee_scolaire_origine,
        est_weekend,
        est_ferie,
        ferie_nom,
        est_conge_scolaire,
        conge_scolaire_nom,
        conge_scolaire_origine,
        conge_scolaire_correction,
        case when not est_weekend and not est_ferie then true else false end as est_ouvrable,
        case
            when est_weekend or est_ferie or est_conge_scolaire then false
            when annee_scolaire is not null and est_conge_scolaire is not null then true
        end as est_jour_de_classe
    from reunis
)

select * from final
