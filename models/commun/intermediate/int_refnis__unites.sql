-- Each edition tells the whole history again: the latest one is the truth.
with unites as (
    {{ latest_rows(ref('stg_refnis__unites'), date='date_edition') }}
),

final as (
    select
        unites.niveau,
        unites.code_nis,
        unites.code_nis_parent,
        unites.nom_fr,
        unites.nom_nl,
        unites.nom_de,
        unites.valide_du,
        unites.valide_au,
        case when unites.valide_au = date '9999-12-31' then true else false end as est_actuelle
    from unites
)

select * from final
