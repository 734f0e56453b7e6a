with implantations as (
    select * from {{ ref('int_signaletique__implantations') }}
),

final as (
    select
        implantation_id,
        adresse,
        code_postal,
        localite,
        commune_nom,
        code_nis,
        latitude,
        longitude,
        coordonnees_origine,
        date_extraction
    from implantations
)

select * from final
