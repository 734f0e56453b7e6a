with communes as (
    select * from {{ ref('int_communes__periodes') }}
),

successeurs as (
    select * from {{ ref('int_communes__successeurs') }}
),

localites as (
    select * from {{ ref('int_localites__communes') }}
),

codes as (
    select code_nis from communes
    group by code_nis
),

-- The communes merged in 1977 live on as localities, under their old code.
par_localite as (
    select
        code_nis_localite as code_nis,
        min(code_nis) as code_nis_actuel
    from localites
    where code_nis_localite is not null
    group by code_nis_localite
    having count(distinct code_nis) = 1
),

final as (
    select
        codes.code_nis,
        coalesce(successeurs.code_nis_actuel, par_localite.code_nis_actuel) as code_nis_actuel
    from codes
    left join successeurs on codes.code_nis = successeurs.code_nis
    left join par_localite on codes.code_nis = par_localite.code_nis
)

select * from final
