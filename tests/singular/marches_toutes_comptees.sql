{{ config(
    group='transversal',
    meta={'dagster': {'ref': {'name': 'fct_commune_ecoles_marches'}}}
) }}

with marches as (
    select count(*) as marches
    from {{ ref('fct_marche') }}
    where code_nis is not null
),

comptees as (
    select coalesce(sum(marches), 0) as marches
    from {{ ref('fct_commune_ecoles_marches') }}
)

select
    marches.marches as attendues,
    comptees.marches as comptees
from marches
cross join comptees
where marches.marches <> comptees.marches
