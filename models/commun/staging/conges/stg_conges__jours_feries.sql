with source as (
    select * from {{ source('conges', 'jours_feries') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        source_recu_le,
        {{ clean_text('id') }} as periode_id,
        {{ to_date('startdate') }} as debut,
        {{ to_date('enddate') }} as fin,
        {{ clean_text('type') }} as genre,
        case
            when names like 'FR %,%' then {{ clean_text("substr(names, 4, position(',' in names) - 4)") }}
        end as nom,
        {{ clean_text('names') }} as noms,
        {{ clean_text('cliche') }} as cliche
    from source
),

final as (
    select * from typees
    where
        periode_id is not null
        and debut is not null
)

select * from final
