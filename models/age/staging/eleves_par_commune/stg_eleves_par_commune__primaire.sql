with source as (
    select * from {{ source('eleves_par_commune', 'eleves_primaire') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        case
            when {{ is_code('annee', '[1-9][0-9]{3}') }} then {{ to_integer('annee') }}
        end as annee,
        {{ to_code('nis', '[0-9]{5}') }} as code_nis,
        {{ clean_text('nom') }} as commune_nom,
        {{ to_integer('eleves') }} as nombre_eleves
    from source
),

-- The total of Wallonia bears the code 3000, of four digits, and goes with the unreadable codes.
final as (
    select * from typees
    where
        annee is not null
        and code_nis is not null
        and nombre_eleves is not null
)

select * from final
