with source as (
    select * from {{ source('refnis', 'refnis') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        cast({{ to_code('lvl_refnis', '[1-4]') }} as integer) as niveau,
        {{ to_code('cd_refnis', '[0-9]{5}') }} as code_nis,
        {{ to_code('cd_sup_refnis', '[0-9]{5}') }} as code_nis_parent,
        {{ clean_text('tx_refnis_de') }} as nom_de,
        {{ clean_text('tx_refnis_fr') }} as nom_fr,
        {{ clean_text('tx_refnis_nl') }} as nom_nl,
        {{ to_date('dt_vldt_start', 'dd/MM/yyyy') }} as valide_du,
        {{ to_date('dt_vldt_end', 'dd/MM/yyyy') }} as valide_au,
        {{ clean_text('edition') }} as edition,
        {{ to_date(dbt.concat(['edition', "'-01'"]), 'yyyy-MM-dd') }} as date_edition
    from source
),

final as (
    select * from typees
    where
        niveau is not null
        and code_nis is not null
        and valide_du is not null
        and valide_au is not null
        and nom_fr is not null
)

select * from final
