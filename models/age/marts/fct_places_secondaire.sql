with places as (
    select * from {{ ref('int_places_secondaire__remplissages') }}
),

statuts as (
    select * from {{ ref('statut_remplissage') }}
),

implantations as (
    select * from {{ ref('dim_implantation') }}
),

final as (
    select
        places.annee,
        places.etablissement_id,
        places.implantation_id,
        places.statut,
        statuts.libelle as statut_libelle,
        places.places_declarees,
        places.demandes_recues,
        places.periode,
        places.source_fichier,
        case when implantations.implantation_id is not null then true else false end as dans_signaletique
    from places
    left join statuts
        on places.statut = statuts.statut
    left join implantations
        on places.implantation_id = implantations.implantation_id
)

select * from final
