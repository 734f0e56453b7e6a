with communes as (
    select * from {{ ref('dim_commune_actuelle') }}
),

etablissements as (
    select * from {{ ref('dim_etablissement') }}
),

implantations as (
    select * from {{ ref('dim_implantation') }}
),

marches as (
    select * from {{ ref('fct_marche') }}
),

etablissements_par_commune as (
    select
        code_nis,
        count(*) as etablissements
    from etablissements
    group by code_nis
),

implantations_par_commune as (
    select
        code_nis,
        count(*) as implantations
    from implantations
    group by code_nis
),

marches_par_commune as (
    select
        code_nis,
        count(*) as marches,
        {{ count_if('est_annulee') }} as marches_annulees,
        min(date_marche) as premiere_marche,
        max(date_marche) as derniere_marche
    from marches
    group by code_nis
),

-- Every commune stays, so that « aucune école, aucune marche » can be read too.
final as (
    select
        communes.code_nis,
        communes.nom,
        communes.province_nom,
        communes.region_nom,
        coalesce(etablissements_par_commune.etablissements, 0) as etablissements,
        coalesce(implantations_par_commune.implantations, 0) as implantations,
        coalesce(marches_par_commune.marches, 0) as marches,
        coalesce(marches_par_commune.marches_annulees, 0) as marches_annulees,
        marches_par_commune.premiere_marche,
        marches_par_commune.derniere_marche
    from communes
    left join etablissements_par_commune
        on communes.code_nis = etablissements_par_commune.code_nis
    left join implantations_par_commune
        on communes.code_nis = implantations_par_commune.code_nis
    left join marches_par_commune
        on communes.code_nis = marches_par_commune.code_nis
)

select * from final
