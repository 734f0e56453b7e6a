-- A view would want the keys of whoever reads it.
{{ config(materialized='table') }}

with source as (
    select * from {{ source('mandats', 'mandats') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ pseudonymise(clean_text('n_de_mandat'), 'agmj', 'suivi') }} as mandat_pseudonyme,
        {{ pseudonymise(
            clean_text('identifiant_du_justiciable'), 'agmj', 'suivi'
        ) }} as justiciable_pseudonyme,
        {{ clean_text('maison_de_justice') }} as maison_de_justice_id,
        {{ clean_text('type_de_mandat') }} as type_mandat,
        {{ clean_text('autorite_mandante') }} as autorite_mandante,
        {{ mask(to_code('code_postal_du_domicile', '[1-9][0-9]{3}'), keep=2) }} as zone_postale,
        {{ to_date('date_de_reception', 'yyyy-MM-dd') }} as date_reception,
        {{ to_date('date_de_cloture', 'yyyy-MM-dd') }} as date_cloture,
        {{ clean_text('motif_de_cloture') }} as motif_cloture,
        {{ to_integer('annee') }} as annee
    from source
),

final as (
    select * from typees
    where
        mandat_pseudonyme is not null
        and justiciable_pseudonyme is not null
        and maison_de_justice_id is not null
        and date_reception is not null
        and annee is not null
)

select * from final
