{#
  In no file does one column have many cells that staging could not read: a column shifted by one place,
  another decimal mark or another way to write dates shows there first. A few dirty lines are daily bread.

  Arguments: origin, the source table, that which the tested model reads unless said otherwise; at_most, the share
  of a file's rows, from 0 to 1; more_than, how many rows are too few to say anything.
#}
{% test few_set_aside(model, origin=none, at_most=0.1, more_than=5) %}
{{ config(severity='warn') }}
{%- set origin = origin or source_of_tested() %}
{%- set loads = loads_to_prove() %}
{{ loads.note }}
with recues as (
    select
        source_fichier,
        count(*) as lignes
    from {{ origin }}
    {%- if loads.received %}
    where {{ loads.received }}
    {%- endif %}
    group by source_fichier
),

places as (
    select
        source_fichier,
        colonne,
        source_ligne
    from {{ model }}
    where nature in ('rejet', 'anomalie'){{ ' and ' ~ loads.only if loads.only }}
    group by source_fichier, colonne, source_ligne
),

ecarts as (
    select
        source_fichier,
        colonne,
        count(*) as lignes
    from places
    group by source_fichier, colonne
)

select
    ecarts.source_fichier,
    ecarts.colonne,
    ecarts.lignes,
    recues.lignes as lignes_recues
from ecarts
inner join recues
    on ecarts.source_fichier = recues.source_fichier
where ecarts.lignes > {{ more_than }} and ecarts.lignes > recues.lignes * {{ at_most }}
{% endtest %}
