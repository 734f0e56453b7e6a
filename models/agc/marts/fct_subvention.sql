with paiements as (
    select * from {{ ref('stg_cadastre_subventions__paiements') }}
    where est_personne_physique = 0
),

final as (
    select
        annee,
        numero_bce,
        beneficiaire,
        competence,
        administration,
        count(*) as paiements_verses,
        {{ cast_decimal('sum(montant)', 16, 2) }} as montant
    from paiements
    group by annee, numero_bce, beneficiaire, competence, administration
)

select * from final
