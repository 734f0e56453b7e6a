{#
  A measure of a mart is about what it was: an amount in cents, a flood of nulls or a category that vanished
  is not. Its value is noted in the history after each build (donnees_au_centre/history/stable.py); the present
  one is compared with the median of the newest, those of runs in which this test was bad left out, so that a
  fault never becomes the rule by lasting. A real change of level is accepted with `since`. No history, no
  verdict.

  Arguments: measure, one of measure_expression; column_name, none for lignes; at_most, the change allowed,
  0.5 for half as much again or half as little; since, the first day (YYYY-MM-DD) whose values count; last,
  how many of them.
#}
{% test stable_measure(model, measure, column_name=none, at_most=0.5, since=none, last=9) %}
{{ config(severity='warn', enabled=target.type != 'denodo') }}
{#- Inside a test `model` is the relation; the test's own node is in the context alone. #}
{%- set node = context['model'] %}
{#- dbt alone may work on a database without a history, or compile without any. #}
{%- set asked = execute and flags.INTROSPECT | default(true) %}
{%- set known = asked and run_query("select to_regclass('historique.mesures')").columns[0].values()[0] %}
with presente as (
    select cast({{ measure_expression(measure, column_name) }} as double precision) as valeur
    from {{ model }}
),

anciennes as (
    {%- if known %}
    select mesures.valeur
    from historique.mesures
    inner join historique.noeuds
        on mesures.noeud_id = noeuds.noeud_id
    inner join historique.executions
        on mesures.execution_id = executions.execution_id
    where
        noeuds.unique_id = '{{ node.attached_node }}'
        and mesures.mesure = '{{ measure_name(measure, column_name) }}'
        {%- if since %}
        and executions.commencee_le >= timestamp with time zone '{{ since }} 00:00:00 {{ time_zone() }}'
        {%- endif %}
        and not exists (
            select from historique.resultats
            inner join historique.noeuds as tests
                on resultats.noeud_id = tests.noeud_id
            where
                resultats.execution_id = mesures.execution_id
                and tests.unique_id = '{{ node.unique_id }}'
                and resultats.statut in ('averti', 'echec')
        )
    order by mesures.execution_id desc
    limit {{ last }}
    {%- else %}
    select valeur from presente
    where 1 = 0
    {%- endif %}
),

repere as (
    select percentile_cont(0.5) within group (order by valeur) as valeur
    from anciennes
)

select
    presente.valeur,
    repere.valeur as valeur_attendue
from presente
cross join repere
where
    (presente.valeur is null and repere.valeur is not null)
    or abs(presente.valeur - repere.valeur) > abs(repere.valeur) * {{ at_most }}
{% endtest %}
