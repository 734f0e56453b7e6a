{#
  Most rows have a value in a column, which a search in another table filled.

  Arguments: column_name; at_least, the share of rows with a value, from 0 to 1.
#}
{% test mostly_filled(model, column_name, at_least) %}
with comptes as (
    select
        count(*) as lignes,
        count({{ column_name }}) as remplies
    from {{ model }}
)

select
    lignes,
    remplies
from comptes
where remplies < lignes * {{ at_least }}
{% endtest %}
