with source as (
    select * from {{ source('population_scolaire', 'population_scolaire') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ to_code('annee_scolaire', '[0-9]{4}-[0-9]{4}') }} as annee_scolaire,
        {{ to_integer('n_fase_de_l_etablissement') }} as etablissement_id,
        {{ to_integer('n_fase_de_l_implantation') }} as implantation_id,
        {{ clean_text('niveau') }} as niveau,
        {{ clean_text('genre') }} as genre,
        {{ to_integer('annee_d_etudes') }} as annee_etudes,
        {{ clean_text('sexe') }} as sexe,
        {{ to_integer('nombre_d_eleves') }} as nombre_eleves
    from source
),

-- A total has no implantation number, and no column of its own: it would be counted twice.
final as (
    select * from typees
    where
        annee_scolaire is not null
        and etablissement_id is not null
        and implantation_id is not null
        and niveau is not null
        and genre is not null
        and annee_etudes is not null
        and sexe is not null
        and nombre_eleves is not null
)

select * from final
