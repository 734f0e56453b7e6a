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
        case
            when localites.localite_normalisee = communes.nom_normalise then '1'
            when localites.methode_rattachement in ('code_nis', 'code_nis_remplace') then '2'
            else '3'
        end as rang
    from localites
    left join communes on localites.code_nis = communes.code_nis
),

classees as (
    select
        code_postal_cle,
        code_postal,
        localite,
        localite_normalisee,
        code_nis,
        commune_nom,
        methode_rattachement,
        code_nis_localite,
        origine,
        {{ dbt.concat(['rang', 'code_postal_cle']) }} as preference
    from decrites
),

principales as (
    select
        code_postal,
        min(preference) as preference
    from classees
    group by code_postal
),

final as (
    select
        classees.code_postal_cle,
        classees.code_postal,
        classees.localite,
        classees.localite_normalisee,
        classees.code_nis,
        classees.commune_nom,
        classees.methode_rattachement,
        case when principales.preference is not null then true else false end as est_principale,
        classees.code_nis_localite,
        classees.origine
    from classees
    left join principales
        on
            classees.code_postal = principales.code_postal
            and classees.preference = principales.preference
)

select * from final
