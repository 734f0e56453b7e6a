with localites as (
    select * from {{ ref('int_localites__localites') }}
),

successeurs as (
    select * from {{ ref('int_communes__successeurs') }}
),

codes_postaux as (
    select * from {{ ref('int_codes_postaux__communes') }}
),

-- A locality's own code, when it leads to a commune in force, says more than its postal code.
final as (
    select
        localites.code_postal_cle,
        localites.code_postal,
        localites.localite,
        localites.localite_normalisee,
        localites.code_nis_localite,
        localites.origine,
        coalesce(successeurs.code_nis_actuel, codes_postaux.code_nis) as code_nis,
        case
            when successeurs.etapes = 0 then 'code_nis'
            when successeurs.etapes > 0 then 'code_nis_remplace'
            else codes_postaux.methode_rattachement
        end as methode_rattachement
    from localites
    inner join codes_postaux on localites.code_postal = codes_postaux.code_postal
    left join successeurs on localites.code_nis_localite = successeurs.code_nis
)

select * from final
