with classes as (
    select * from {{ ref('stg_indice_socio_economique__classes') }}
),

implantations as (
    select * from {{ ref('dim_implantation') }}
),

final as (
    select
        classes.edition,
        classes.etablissement_id,
        classes.implantation_id,
        classes.classe,
        classes.classe_basse,
        classes.classe_haute,
        classes.classe_texte,
        case when implantations.implantation_id is not null then true else false end as dans_signaletique
    from classes
    left join implantations
        on classes.implantation_id = implantations.implantation_id
)

select * from final
