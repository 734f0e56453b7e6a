-- Each file is the whole list: the latest received replaces those before it.
with lignes as (
    {{ latest_rows(ref('stg_prisons__prisons')) }}
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
)

select * from final
