with noms as (
    select * from {{ ref('int_communes__noms') }}
),

communes as (
    select * from {{ ref('dim_commune_actuelle') }}
),

-- A name in force wins over a name of the past: Celles is the commune, not the section of Houyet.
meilleurs_rangs as (
    select
        nom_normalise,
        min(rang) as rang
    from noms
    group by nom_normalise
),

candidats as (
    select
        noms.nom_normalise,
        noms.code_nis,
        noms.rang,
        -- Saint-Nicolas: the one near Liège, rather than Sint-Niklaas, for a French-speaking ministry. Names
        -- of the past are not chosen between: the Dutch name of a Walloon village may be a Flemish town's.
        case
            when noms.rang < 3 and communes.region_code in ('03000', '04000') then noms.code_nis
        end as code_nis_francophone
    from noms
    inner join meilleurs_rangs
        on
            noms.nom_normalise = meilleurs_rangs.nom_normalise
            and noms.rang = meilleurs_rangs.rang
    inner join communes on noms.code_nis = communes.code_nis
),

comptes as (
    select
        nom_normalise,
        min(rang) as rang,
        count(*) as nombre_de_communes,
        count(code_nis_francophone) as nombre_de_francophones,
        min(code_nis) as code_nis,
        min(code_nis_francophone) as code_nis_francophone
    from candidats
    group by nom_normalise
),

-- What stays ambiguous is left out: no answer is better than a wrong one.
final as (
    select
        nom_normalise,
        case when nombre_de_communes = 1 then code_nis else code_nis_francophone end as code_nis,
        cast(nombre_de_communes as integer) as nombre_de_communes,
        case rang
            when 1 then 'actuel'
            when 2 then 'usuel'
            else 'ancien'
        end as nature
    from comptes
    where
        nombre_de_communes = 1
        or nombre_de_francophones = 1
)

select * from final
