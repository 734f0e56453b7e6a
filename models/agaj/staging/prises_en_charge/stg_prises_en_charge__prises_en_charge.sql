-- A view would want the keys of whoever reads it.
{{ config(materialized='table') }}

with source as (
    select * from {{ source('prises_en_charge', 'prises_en_charge') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ pseudonymise(clean_text('n_de_prise_en_charge'), 'agaj', 'suivi') }} as prise_en_charge_pseudonyme,
        {{ pseudonymise(clean_text('identifiant_du_jeune'), 'agaj', 'suivi') }} as jeune_pseudonyme,
        {{ to_date('date_de_naissance', 'dd/MM/yyyy') }} as date_naissance,
        {{ to_code('sexe', '[FMX]') }} as sexe,
        {{ clean_text('n_d_agrement_du_service') }} as service_agrement,
        {{ clean_text('service_agree') }} as service_nom,
        {{ to_code('code_nis_de_la_commune', '[1-9][0-9]{4}') }} as code_nis,
        {{ clean_text('type_de_mesure') }} as type_mesure,
        {{ to_date('date_de_debut', 'dd/MM/yyyy') }} as date_debut,
        {{ to_date('date_de_fin', 'dd/MM/yyyy') }} as date_fin,
        {{ to_integer('annee') }} as annee
    from source
),

final as (
    select * from typees
    where
        prise_en_charge_pseudonyme is not null
        and jeune_pseudonyme is not null
        and date_debut is not null
        and annee is not null
)

select * from final
