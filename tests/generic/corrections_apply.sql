{#
  Each correction of a source table still serves. It warns of one that is past its last day, names a column that
  is not declared, names no received row, or whose cell now has a third value.

  Arguments: origin, the source table; name, what the corrections call it; key, the received column that names a
  row; columns, those that the source declares.
#}
{% test corrections_apply(model, origin, name, key, columns) %}
{{ config(severity='warn') }}
with corrections as (
    select * from {{ model }}
    where table_source = '{{ name }}'
),

recues as (
    {%- for column in columns %}
    select
        {{ key }} as cle,
        '{{ column }}' as colonne,
        {{ column }} as valeur
    from {{ origin }}
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

presence as (
    select count(*) as lignes from {{ origin }}
),

comparees as (
    select
        corrections.cle,
        corrections.colonne,
        corrections.jusqu_au,
        count(recues.cle) as trouvees,
        max(case
            when coalesce(recues.valeur, '') = coalesce(corrections.valeur_recue, '') then 1
            when coalesce(recues.valeur, '') = coalesce(corrections.valeur, '') then 1
            else 0
        end) as attendues
    from corrections
    left join recues
        on
            corrections.cle = recues.cle
            and corrections.colonne = recues.colonne
    group by corrections.cle, corrections.colonne, corrections.jusqu_au
),

jugees as (
    select
        comparees.cle,
        comparees.colonne,
        comparees.jusqu_au,
        case
            when comparees.jusqu_au < cast({{ current_timestamp_local() }} as date) then 'échue'
            when comparees.colonne not in ('{{ columns | join("', '") }}') then 'colonne inconnue'
            when comparees.trouvees = 0 and presence.lignes > 0 then 'aucune ligne reçue de cette clé'
            when comparees.trouvees > 0 and comparees.attendues = 0 then 'une autre valeur est reçue'
        end as etat
    from comparees
    cross join presence
)

select
    cle,
    colonne,
    jusqu_au,
    etat
from jugees
where etat is not null
{% endtest %}
