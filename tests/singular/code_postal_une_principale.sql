{{ config(group='commun') }}

-- Joining on code_postal and est_principale must neither lose nor double a line.
select
    code_postal,
    sum(case when est_principale then 1 else 0 end) as principales
from {{ ref('dim_code_postal') }}
group by code_postal
having sum(case when est_principale then 1 else 0 end) <> 1
