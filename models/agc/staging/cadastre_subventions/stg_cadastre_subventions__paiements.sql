-- A view would want the keys of whoever reads it.
{{ config(materialized='table') }}

{#- Whoever is not known for a body counts as a person: without a type, a body has an enterprise number. -#}
{%- set person -%}
    coalesce(
        {{ clean_text('type_de_beneficiaire') }},
        case when {{ is_blank('beneficiaire_numero_entreprise') }} then 'inconnu' else 'Personne morale' end
    ) <> 'Personne morale'
{%- endset -%}

with source as (
    select * from {{ source('cadastre_subventions', 'cadastre_subventions') }}
    where coalesce({{ clean_text('n_de_dossier') }}, '') <> 'TOTAL GÉNÉRAL'
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ mask(clean_text('n_de_dossier'), when=person) }} as dossier,
        {{ clean_text('ministre') }} as ministre,
        {{ clean_text('competence') }} as competence,
        {{ clean_text('administration') }} as administration,
        {{ clean_text('centre_financier') }} as centre_financier,
        {{ clean_text('libelle_du_budget') }} as libelle_budget,
        coalesce(
            {{ to_decimal('montant_du_soutien_eur', 14, 2, decimal_separator=',', group_separators=[' ']) }},
            {{ to_decimal('montant_du_soutien_eur', 14, 2) }}
        ) as montant,
        {{ to_boolean('mise_a_disposition_de_ressources') }} as mise_a_disposition,
        {{ clean_text('base_s_legale_s') }} as base_legale,
        case when {{ person }} then 1 else 0 end as est_personne_physique,
        case
            when {{ person }}
                then {{ pseudonymise('upper(' ~ clean_text('beneficiaire') ~ ')', 'agc', 'subventions') }}
        end as beneficiaire_pseudonyme,
        {{ mask(clean_text('beneficiaire'), when=person) }} as beneficiaire,
        {{ mask(to_bce_number('beneficiaire_numero_entreprise'), when=person) }} as numero_bce,
        {{ mask(to_code('code_postal_du_beneficiaire', '[1-9][0-9]{3}'), when=person) }} as code_postal,
        {{ mask(clean_text('commune_du_beneficiaire'), when=person) }} as commune_nom,
        coalesce(
            {{ to_date('date_de_liquidation', 'dd/MM/yyyy') }},
            {{ to_date('date_de_liquidation', 'yyyy-MM-dd') }}
        ) as date_liquidation,
        {{ to_integer('annee') }} as annee
    from source
),

final as (
    select * from typees
    where
        dossier is not null
        and montant is not null
        and annee is not null
)

select * from final
