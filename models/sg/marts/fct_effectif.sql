with agents as (
    select
        annee,
        administration,
        {{ age_band('date_naissance', make_day('annee', 12, 31), width=15, oldest=60) }} as tranche_age,
        agent_pseudonyme
    from {{ ref('stg_agents__agents') }}
),

{{ suppress_small_counts(
    'agents', name='proteges', row='administration', column='tranche_age',
    person='agent_pseudonyme', within=['annee'], count='effectif'
) }},

final as (
    select
        annee,
        administration,
        tranche_age,
        niveau,
        effectif,
        statut
    from proteges
)

select * from final
