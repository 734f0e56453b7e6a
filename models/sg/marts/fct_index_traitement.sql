with lignes as (
    select * from {{ ref('stg_index__traitements') }}
),

-- Each file is the whole list: the latest one replaces those before it.
dernier_fichier as (
    {{ latest_file('lignes', date='date_liste') }}
),

final as (
    select
        lignes.applicable_depuis,
        lignes.coefficient,
        lignes.rang
    from lignes
    inner join dernier_fichier
        on lignes.source_fichier = dernier_fichier.source_fichier
)

select * from final
