with chiffres as (
    select * from {{ ref('chiffres') }}
),

numeros as (
    select
        10000 * myriades.chiffre + 1000 * milliers.chiffre + 100 * centaines.chiffre
        + 10 * dizaines.chiffre + unites.chiffre as numero
    from chiffres as myriades
    cross join chiffres as milliers
    cross join chiffres as centaines
    cross join chiffres as dizaines
    cross join chiffres as unites
),

-- 1 January 1990, day 0, was a Monday: no day-of-week function is needed, whose answer depends on the server.
jours as (
    select
        {{ add_days("date '1990-01-01'", 'numero') }} as jour,
        mod(numero, 7) + 1 as jour_de_semaine
    from numeros
),

-- A week belongs to the year of its Thursday.
jeudis as (
    select
        jour,
        jour_de_semaine,
        {{ add_days('jour', '4 - jour_de_semaine') }} as jeudi
    from jours
    where jour <= date '2040-12-31'
),

parties as (
    select
        jour,
        jour_de_semaine,
        jeudi,
        cast(extract(year from jour) as integer) as annee,
        cast(extract(month from jour) as integer) as mois,
        cast(extract(day from jour) as integer) as jour_du_mois,
        cast(extract(year from jeudi) as integer) as annee_iso
    from jeudis
),

rangs as (
    select
        jour,
        jour_de_semaine,
        annee,
        mois,
        jour_du_mois,
        annee_iso,
        {{ days_between(make_day('annee_iso', 1, 1), 'jeudi') }} as rang_du_jeudi
    from parties
),

final as (
    select
        jour,
        annee,
        cast(floor((mois + 2) / 3.0) as integer) as trimestre,
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
        cast(floor(rang_du_jeudi / 7.0) as integer) + 1 as semaine_iso,
        annee_iso
    from rangs
)

select * from final
