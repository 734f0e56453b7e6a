{#
  A measure stays between two bounds, both allowed; null passes.

  Arguments: column_name, the measure; lowest and highest, the bounds, in the measure's unit.
#}
{% test within_range(model, column_name, lowest, highest) %}
select {{ column_name }}
from {{ model }}
where {{ column_name }} < {{ lowest }} or {{ column_name }} > {{ highest }}
{% endtest %}
