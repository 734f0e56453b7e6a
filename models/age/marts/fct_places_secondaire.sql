with places as (
    select * from {{ ref('int_places_secondaire__remplissages') }}
),

statuts as (
    select * from {{ ref('statut_remplissage') }}
),

offres as (
    select * from {{ ref('int_signaletique__offres') }}
),

-- A site is known with the school that it belongs to: its number alone may by now be another school's.
ecoles as (
    select
        etablissement_id,
        implantation_id
    from offres
    group by etablissement_id, implantation_id
),

final as (
    select
        places.annee,
        places.etablissement_id,
        places.implantation_id,
        places.statut as statut_code,
        places.statut,
        statuts.libelle as statut_libelle,
        places.places_declarees,
        places.demandes_recues,
        places.periode,
        places.source_fichier,
        case when ecoles.implantation_id is not null then true else false end as dans_signaletique
    from places
    left join statuts
        on places.statut = statuts.statut
    left join ecoles
        on
            places.etablissement_id = ecoles.etablissement_id
            and places.implantation_id = ecoles.implantation_id
)

select * from final
