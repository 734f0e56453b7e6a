with communes as (
    select * from {{ ref('int_communes__periodes') }}
),

codes_actuels as (
    select * from {{ ref('int_communes__codes_actuels') }}
),

listes_annuelles as (
    select * from {{ ref('stg_communes__communes') }}
),

-- Rank 1: names in force. Rank 2: names of the yearly lists. Rank 3: names of the communes of the past.
noms as (
    select
        code_nis,
        nom_officiel as nom,
        1 as rang
    from communes
    where est_actuelle
    union all
    select
        code_nis,
        nom_nl as nom,
        1 as rang
    from communes
    where est_actuelle
    union all
    select
        code_nis,
        nom_de as nom,
        1 as rang
    from communes
    where est_actuelle
    union all
    select
        code_nis,
        nom_fr as nom,
        2 as rang
    from listes_annuelles
    union all
    select
        code_nis,
        nom_nl as nom,
        2 as rang
    from listes_annuelles
    union all
    select
        code_nis,
        nom_officiel as nom,
        3 as rang
    from communes
    where not est_actuelle
    union all
    select
        code_nis,
        nom_nl as nom,
        3 as rang
    from communes
    where not est_actuelle
),

-- Each name is known whole and without its parenthesis.
ecritures as (
    select
        code_nis,
        {{ name_key('nom') }} as nom_normalise,
        rang
    from noms
    union all
    select
        code_nis,
        {{ name_key(without_parenthesis('nom')) }} as nom_normalise,
        rang
    from noms
),

final as (
    select
        ecritures.nom_normalise,
        codes_actuels.code_nis_actuel as code_nis,
        min(ecritures.rang) as rang
    from ecritures
    inner join codes_actuels on ecritures.code_nis = codes_actuels.code_nis
    where
        ecritures.nom_normalise is not null
        and codes_actuels.code_nis_actuel is not null
    group by ecritures.nom_normalise, codes_actuels.code_nis_actuel
)

select * from final
