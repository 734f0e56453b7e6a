with localites as (
    select * from {{ ref('stg_communes__localites') }}
),

codes_bce as (
    select * from {{ ref('stg_codes_bce__codes_postaux') }}
),

des_localites as (
    select
        code_postal,
        {{ name_key('localite') }} as cle,
        min(localite) as localite,
        min(code_nis) as code_nis_localite,
        cast('noms_localites' as text) as origine
    from localites
    where {{ name_key('localite') }} is not null
    group by code_postal, {{ name_key('localite') }}
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
