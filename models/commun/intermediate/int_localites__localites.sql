with localites as (
    select * from {{ ref('stg_communes__localites') }}
),

codes_bce as (
    select * from {{ ref('stg_codes_bce__codes_postaux') }}
),

successeurs as (
    select * from {{ ref('int_communes__successeurs') }}
),

-- A locality received under two codes has the one that leads to a commune in force, or none.
des_localites as (
    select
        localites.code_postal,
        {{ name_key('localites.localite') }} as cle,
        min(localites.localite) as localite,
        case
            when count(distinct localites.code_nis) <= 1 then min(localites.code_nis)
            when count(distinct successeurs.code_nis) = 1 then min(successeurs.code_nis)
        end as code_nis_localite,
        cast('noms_localites' as text) as origine
    from localites
    left join successeurs on localites.code_nis = successeurs.code_nis
    where {{ name_key('localites.localite') }} is not null
    group by localites.code_postal, {{ name_key('localites.localite') }}
),

-- The enterprise register knows some postal codes that the list of localities lacks.
de_la_bce as (
    select
        codes_bce.code_postal,
        {{ name_key('codes_bce.libelle_fr') }} as cle,
        min(codes_bce.libelle_fr) as localite,
        cast(null as text) as code_nis_localite,
        cast('codes_bce' as text) as origine
    from codes_bce
    left join localites on codes_bce.code_postal = localites.code_postal
    where
        localites.code_postal is null
        and {{ name_key('codes_bce.libelle_fr') }} is not null
    group by codes_bce.code_postal, {{ name_key('codes_bce.libelle_fr') }}
),

reunies as (
    select * from des_localites
    union all
    select * from de_la_bce
),

final as (
    select
        {{ dbt.concat(['code_postal', "'_'", 'cle']) }} as code_postal_cle,
        code_postal,
        localite,
        {{ name_key(without_parenthesis('localite')) }} as localite_normalisee,
        code_nis_localite,
        origine
    from reunies
)

select * from final
