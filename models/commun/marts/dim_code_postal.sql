with localites as (
    select * from {{ ref('int_localites__communes') }}
),

communes as (
    select * from {{ ref('dim_commune_actuelle') }}
),

decrites as (
    select
        localites.code_postal_cle,
        localites.code_postal,
        localites.localite,
        localites.localite_normalisee,
        localites.code_nis,
        communes.nom as commune_nom,
        localites.methode_rattachement,
        localites.code_nis_localite,
        localites.origine,
        -- The locality that stands for its postal code: the commune's seat, else one with a commune's code.
        concat(
            case
                when localites.localite_normalisee = communes.nom_normalise then '1'
                when localites.methode_rattachement in ('code_nis', 'code_nis_remplace') then '2'
                else '3'
            end,
            localites.code_postal_cle
        ) as preference
    from localites
    left join communes on localites.code_nis = communes.code_nis
),

principales as (
    select
        code_postal,
        min(preference) as preference
    from decrites
    group by code_postal
),

final as (
    select
        decrites.code_postal_cle,
        decrites.code_postal,
        decrites.localite,
        decrites.localite_normalisee,
        decrites.code_nis,
        decrites.commune_nom,
        decrites.methode_rattachement,
        case when principales.preference is not null then true else false end as est_principale,
        decrites.code_nis_localite,
        decrites.origine
    from decrites
    left join principales
        on
            decrites.code_postal = principales.code_postal
            and decrites.preference = principales.preference
)

select * from final
