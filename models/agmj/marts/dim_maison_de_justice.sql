-- Each file is the whole list: the latest received replaces those before it.
with lignes as (
    {{ latest_rows(ref('stg_maisons_de_justice__maisons')) }}
),

final as (
    select
        lignes.maison_de_justice_id,
        lignes.communaute,
        lignes.nom,
        lignes.adresse,
        lignes.code_postal,
        lignes.localite,
        lignes.code_nis,
        lignes.code_nis as commune_nis,
        lignes.page_web
    from lignes
)

select * from final
