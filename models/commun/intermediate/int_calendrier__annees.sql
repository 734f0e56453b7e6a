with chiffres as (
    select * from {{ ref('chiffres') }}
),

-- Years 1990 to 2040: generate_series does not exist everywhere, ten digits do.
annees as (
    select 1990 + 10 * dizaines.chiffre + unites.chiffre as annee
    from chiffres as dizaines
    cross join chiffres as unites
    where 10 * dizaines.chiffre + unites.chiffre <= 50
),

-- Gauss's rule for Easter. Its constants 24 and 5 hold from 1900 to 2099; its two exceptions fall outside
-- these years (1981 and 2049).
lune as (
    select
        annee,
        mod(19 * mod(annee, 19) + 24, 30) as lunaison
    from annees
),

final as (
    select
        annee,
        {{ add_days(
            make_day('annee', 3, 22),
            'lunaison + mod(2 * mod(annee, 4) + 4 * mod(annee, 7) + 6 * lunaison + 5, 7)'
        ) }} as paques
    from lune
)

select * from final
