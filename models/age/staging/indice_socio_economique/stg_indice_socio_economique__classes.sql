with source as (
    select * from {{ source('indice_socio_economique', 'indice_socio_economique') }}
),

typees as (
    select
        source_fichier,
        source_ligne,
        charge_le,
        {{ clean_text('edition') }} as edition,
        {{ to_integer("nullif(edition, 'v0')") }} as edition_annee,
        {{ to_integer('etablissement') }} as etablissement_id,
        {{ to_integer('implantation') }} as implantation_id,
        {{ ise_class('classe') }} as classe,
        {{ ise_class_bound('classe', 'low') }} as classe_basse,
        {{ ise_class_bound('classe', 'high') }} as classe_haute,
        {{ clean_text('classe') }} as classe_texte
    from source
),

-- A class on a boundary stays: classe_basse is read whenever the cell means something.
final as (
    select * from typees
    where
        edition is not null
        and etablissement_id is not null
        and implantation_id is not null
        and classe_basse is not null
)

select * from final
