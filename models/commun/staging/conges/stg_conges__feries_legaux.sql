with source as (
    select * from {{ source('conges', 'feries_legaux') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ clean_text('id') }} as ferie_id,
        {{ clean_text('name_fr') }} as nom_fr,
        {{ clean_text('name_nl') }} as nom_nl,
        {{ clean_text('name_de') }} as nom_de,
        {{ to_code('rule_type', 'fixed|easter') }} as regle,
        {{ to_integer('rule_month') }} as mois,
        {{ to_integer('rule_day') }} as jour_du_mois,
        {{ to_integer('rule_daysaftereaster') }} as jours_apres_paques
    from source
),

final as (
    select * from typees
    where
        ferie_id is not null
        and regle is not null
)

select * from final
