with annees as (
    select * from {{ ref('int_calendrier__annees') }}
),

regles as (
    select * from {{ ref('jours_feries_regles') }}
),

dates as (
    select
        regles.ferie_code,
        regles.nom,
        regles.nature,
        case
            when regles.jours_apres_paques is not null
                then {{ add_days('annees.paques', 'regles.jours_apres_paques') }}
            else {{ make_day('annees.annee', 'regles.mois', 'regles.jour_du_mois') }}
        end as jour
    from annees
    cross join regles
),

-- Two feasts may meet (Ascension on 1 May 2008): one line a day, with the names of both.
final as (
    select
        jour,
        nature,
        case
            when min(nom) = max(nom) then min(nom)
            else {{ dbt.concat(['min(nom)', "' et '", 'max(nom)']) }}
        end as nom
    from dates
    group by jour, nature
)

select * from final
