{#
  Most values of a column are found in another table; null values are not counted. For sources of another
  date than the table they refer to, where a few keys have gone since: a strict relationship would always
  fail, and a warning would never be read.

  Arguments: column_name; to, the table; field, its column; at_least, the share to find, from 0 to 1.
#}
{% test mostly_related(model, column_name, to, field, at_least) %}
with valeurs as (
    select {{ column_name }} as valeur
    from {{ model }}
    where {{ column_name }} is not null
),

cibles as (
    select {{ field }} as cible
    from {{ to }}
    group by {{ field }}
),

comptes as (
    select
        count(*) as lignes,
        count(cibles.cible) as trouvees
    from valeurs
    left join cibles
        on valeurs.valeur = cibles.cible
)

select
    lignes,
    trouvees
from comptes
where trouvees < lignes * {{ at_least }}
{% endtest %}
