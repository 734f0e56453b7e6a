with localites as (
    select * from {{ ref('int_localites__localites') }}
),

successeurs as (
    select * from {{ ref('int_communes__successeurs') }}
),

reference as (
    select * from {{ ref('codes_postaux_communes') }}
),

codes_postaux as (
    select code_postal from localites
    group by code_postal
),

-- First: a locality that still bears the code of a commune, or one that was replaced, names the commune.
chefs_lieux as (
    select
        localites.code_postal,
        substr(localites.code_postal, 1, 3) as dizaine,
        substr(localites.code_nis_localite, 1, 2) as arrondissement,
        successeurs.code_nis_actuel
    from localites
    inner join successeurs on localites.code_nis_localite = successeurs.code_nis
),

par_chef_lieu as (
    select
        code_postal,
        min(code_nis_actuel) as code_nis
    from chefs_lieux
    group by code_postal
    having count(distinct code_nis_actuel) = 1
),

-- Then: the table kept by hand, for the codes that no rule finds (the parts of the large towns).
par_reference as (
    select
        reference.code_postal,
        successeurs.code_nis_actuel as code_nis
    from reference
    inner join successeurs on reference.code_nis = successeurs.code_nis
),

-- Last: the Post numbered the parts of a commune after its seat (5360 Hamois, 5361 Mohiville…). That says
-- nothing where two seats share the ten codes and the arrondissement: the parts of either may come before, or
-- after the other (4606 is of Dalhem, 4607, not of Visé, 4600). The table kept by hand says those.
arrondissements as (
    select
        code_postal,
        substr(code_postal, 1, 3) as dizaine,
        substr(code_nis_localite, 1, 2) as arrondissement
    from localites
    group by code_postal, substr(code_nis_localite, 1, 2)
),

candidats as (
    select
        arrondissements.code_postal,
        chefs_lieux.code_postal as code_postal_du_chef_lieu,
        chefs_lieux.code_nis_actuel
    from arrondissements
    inner join chefs_lieux
        on
            arrondissements.dizaine = chefs_lieux.dizaine
            and chefs_lieux.arrondissement = coalesce(
                arrondissements.arrondissement, chefs_lieux.arrondissement
            )
),

par_dizaine as (
    select
        code_postal,
        min(code_nis_actuel) as code_nis
    from candidats
    group by code_postal
    having
        count(distinct code_nis_actuel) = 1
        and min(code_postal_du_chef_lieu) < code_postal
),

final as (
    select
        codes_postaux.code_postal,
        coalesce(par_chef_lieu.code_nis, par_reference.code_nis, par_dizaine.code_nis) as code_nis,
        case
            when par_chef_lieu.code_nis is not null then 'code_postal'
            when par_reference.code_nis is not null then 'table_de_reference'
            when par_dizaine.code_nis is not null then 'dizaine_postale'
        end as methode_rattachement
    from codes_postaux
    left join par_chef_lieu on codes_postaux.code_postal = par_chef_lieu.code_postal
    left join par_reference on codes_postaux.code_postal = par_reference.code_postal
    left join par_dizaine on codes_postaux.code_postal = par_dizaine.code_postal
)

select * from final
