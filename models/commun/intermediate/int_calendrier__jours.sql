with spine as (
    {{ calendar_spine(dbt.date(1990, 1, 1), dbt.date(2040, 12, 31)) }}
),

parties as (
    select
        jour,
        {{ date_part('year', 'jour') }} as annee,
        {{ date_part('quarter', 'jour') }} as trimestre,
        {{ date_part('month', 'jour') }} as mois,
        {{ date_part('day', 'jour') }} as jour_du_mois,
        {{ iso_day_of_week('jour') }} as jour_de_semaine,
        {{ iso_week('jour') }} as semaine_iso,
        {{ iso_year('jour') }} as annee_iso
    from spine
),

final as (
    select
        jour,
        annee,
        trimestre,
        mois,
        case mois
            when 1 then 'janvier'
            when 2 then 'février'
            when 3 then 'mars'
            when 4 then 'avril'
            when 5 then 'mai'
            when 6 then 'juin'
            when 7 then 'juillet'
            when 8 then 'août'
            when 9 then 'septembre'
            when 10 then 'octobre'
            when 11 then 'novembre'
            when 12 then 'décembre'
        end as mois_nom,
        jour_du_mois,
        jour_de_semaine,
        case jour_de_semaine
            when 1 then 'lundi'
            when 2 then 'mardi'
            when 3 then 'mercredi'
            when 4 then 'jeudi'
            when 5 then 'vendredi'
            when 6 then 'samedi'
            when 7 then 'dimanche'
        end as jour_de_semaine_nom,
        semaine_iso,
        annee_iso
    from parties
)

select * from final
