-- A view would want the keys of whoever reads it.
{{ config(materialized='table') }}

with source as (
    select * from {{ source('agents', 'agents') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ pseudonymise(to_code('matricule', '[0-9]{5}'), 'sg', 'effectifs') }} as agent_pseudonyme,
        {{ to_date('date_de_naissance', 'yyyy-MM-dd') }} as date_naissance,
        {{ clean_text('grade') }} as grade,
        {{ clean_text('administration') }} as administration,
        {{ to_code('bareme', '[0-9]{3}/[0-9]s?') }} as bareme,
        {{ to_integer('anciennete') }} as anciennete,
        {{ to_decimal('temps_de_travail', 4, 2) }} as temps_travail,
        {{ to_date('date_d_entree_en_fonction', 'yyyy-MM-dd') }} as date_entree,
        {{ to_integer('annee') }} as annee
    from source
),

final as (
    select * from typees
    where
        agent_pseudonyme is not null
        and annee is not null
)

select * from final
