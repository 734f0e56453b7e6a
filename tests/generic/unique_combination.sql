{#
  A key made of several columns: no two rows have the same values in all of them.

  Arguments: columns, the list of the key's columns.
#}
{% test unique_combination(model, columns) %}
select
    {{ columns | join(',\n    ') }},
    count(*) as lignes
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1
{% endtest %}
