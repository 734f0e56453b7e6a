{{ config(
    group='commun',
    severity='warn',
    meta={'dagster': {'ref': {'name': 'dim_commune_actuelle'}}}
) }}

-- The provinces of the communes in force against the list of provinces, once that list has been received.
with provinces as (
    select
        code_nis,
        region_code
    from {{ ref('stg_territoire__provinces') }}
),

presence as (
    select count(*) as provinces_recues from provinces
),

communes as (
    select
        province_code,
        region_code
    from {{ ref('dim_commune_actuelle') }}
    where province_code is not null
    group by province_code, region_code
)

select
    communes.province_code,
    communes.region_code
from communes
cross join presence
left join provinces
    on
        communes.province_code = provinces.code_nis
        and communes.region_code = provinces.region_code
where
    presence.provinces_recues > 0
    and provinces.code_nis is null
