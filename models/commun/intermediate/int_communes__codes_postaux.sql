with communes as (
    select * from {{ ref('int_communes__periodes') }}
    where est_actuelle
),

localites as (
    select * from {{ ref('int_localites__communes') }}
),

-- The seat of a commune bears its name, in one language or the other, and the commune's code.
rangs as (
    select
        localites.code_postal_cle,
        localites.code_postal,
        localites.code_nis,
        case
            when
                localites.localite_normalisee in (
                    communes.nom_normalise, {{ name_key(without_parenthesis('communes.nom_nl')) }}
                )
                then 1
            when localites.methode_rattachement in ('code_nis', 'code_nis_remplace') then 2
            else 3
        end as rang
    from localites
    inner join communes on localites.code_nis = communes.code_nis
),

meilleurs_rangs as (
    select
        code_nis,
        min(rang) as rang
    from rangs
    group by code_nis
),

final as (
    select
        rangs.code_nis,
        min(rangs.code_postal) as code_postal_principal
    from rangs
    inner join meilleurs_rangs
        on
            rangs.code_nis = meilleurs_rangs.code_nis
            and rangs.rang = meilleurs_rangs.rang
    group by rangs.code_nis
)

select * from final
