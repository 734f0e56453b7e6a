with paiements as (
    select
        annee,
        competence,
        administration,
        montant,
        beneficiaire_pseudonyme
    from {{ ref('stg_cadastre_subventions__paiements') }}
    where est_personne_physique = 1
),

{{ suppress_small_counts(
    'paiements', name='proteges', row='competence', column='administration',
    person='beneficiaire_pseudonyme', within=['annee'], count='paiements_verses', sums=['montant']
) }},

final as (
    select
        annee,
        competence,
        administration,
        niveau,
        paiements_verses,
        {{ cast_decimal('montant', 16, 2) }} as montant,
        statut
    from proteges
)

select * from final
