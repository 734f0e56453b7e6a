-- Periods overlap (2018-2022, 2020-2024): for a school and a year, the file of the latest period wins.
with remplissages as (
    {{ latest_rows(
        ref('stg_places_secondaire__remplissages'), date='periode_fin',
        by=['etablissement_id', 'implantation_id', 'annee']
    ) }}
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
)

select * from final
