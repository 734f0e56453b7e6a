{{ config(group='commun') }}

-- Joining on code_postal and est_principale must neither lose nor double a line.
select
    code_postal,
    {{ count_if('est_principale') }} as principales
from {{ ref('dim_code_postal') }}
group by code_postal
having {{ count_if('est_principale') }} <> 1
