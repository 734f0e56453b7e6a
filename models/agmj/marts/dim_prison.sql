with lignes as (
    select * from {{ ref('stg_prisons__prisons') }}
),

-- Each file is the whole list: the latest received replaces those before it.
dernier_fichier as (
    {{ latest_file('lignes') }}
),

final as (
    select
        lignes.prison_id,
        lignes.genre,
        lignes.nom,
        lignes.adresse,
        lignes.code_postal,
        lignes.localite,
        lignes.code_nis,
        lignes.code_nis as commune_nis
    from lignes
    inner join dernier_fichier
        on lignes.source_fichier = dernier_fichier.source_fichier
)

select * from final
