{#
  No one stands out: every combination of values in some columns, of those in the table, is shared by k rows at
  least. For a table of counts, `weight` is the column that counts: the combination must then count k at least,
  or nobody; a null weight is a suppressed count, and hides nobody.

  Arguments: columns, what an outsider may know of a person; k, the least number of rows; weight, none for a
  table with a row for each person.
#}
{% test k_anonymity(model, columns, k=5, weight=none) %}
{%- set size = 'sum(' ~ weight ~ ')' if weight else 'count(*)' %}
select
    {{ columns | join(',\n    ') }},
    {{ size }} as effectif
from {{ model }}
group by {{ columns | join(', ') }}
having {{ size }} < {{ k }}{% if weight %} and {{ size }} > 0{% endif %}
{% endtest %}
