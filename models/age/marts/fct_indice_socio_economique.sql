with classes as (
    select * from {{ ref('stg_indice_socio_economique__classes') }}
),

derniere_annee as (
    select max(edition_annee) as edition_annee from classes
),

offres as (
    select * from {{ ref('int_signaletique__offres') }}
),

-- A site is known with the school that it belongs to: its number alone may by now be another school's.
ecoles as (
    select
        etablissement_id,
        implantation_id
    from offres
    group by etablissement_id, implantation_id
),

final as (
    select
        classes.edition,
        classes.edition_annee,
        case when derniere_annee.edition_annee is not null then true else false end as est_derniere_edition,
        classes.etablissement_id,
        classes.implantation_id,
        classes.classe,
        classes.classe_basse,
        classes.classe_haute,
        classes.classe_texte,
        case when ecoles.implantation_id is not null then true else false end as dans_signaletique
    from classes
    left join derniere_annee
        on classes.edition_annee = derniere_annee.edition_annee
    left join ecoles
        on
            classes.etablissement_id = ecoles.etablissement_id
            and classes.implantation_id = ecoles.implantation_id
)

select * from final
