with remplissages as (
    select * from {{ ref('stg_places_secondaire__remplissages') }}
),

-- Periods overlap (2018-2022, 2020-2024): for a school and a year, the file of the latest period wins.
dernieres_periodes as (
    {{ latest_file('remplissages', date='periode_fin', by=['etablissement_id', 'implantation_id', 'annee']) }}
),

final as (
    select
        remplissages.annee,
        remplissages.etablissement_id,
        remplissages.implantation_id,
        remplissages.statut,
        remplissages.places_declarees,
        remplissages.demandes_recues,
        remplissages.periode,
        remplissages.source_fichier
    from remplissages
    inner join dernieres_periodes
        on
            remplissages.etablissement_id = dernieres_periodes.etablissement_id
            and remplissages.implantation_id = dernieres_periodes.implantation_id
            and remplissages.annee = dernieres_periodes.annee
            and remplissages.source_fichier = dernieres_periodes.source_fichier
)

select * from final
