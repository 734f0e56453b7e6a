{#
  A rule: the row is refused for a fault that several cells make together, which `required` cannot say.
  `column` is the cell to show. The condition must hold for null cells too: `not (null)` is no fault.

      reject('fill_number', is_blank('valeur') ~ ' and ' ~ is_blank('fill_number'), 'statut absent')
#}
{% macro reject(column, condition, reason) -%}
    {{ return({'nature': 'rejet', 'severity': 2, 'column': column, 'fault': '(' ~ condition ~ ')', 'reason': reason}) }}
{%- endmacro %}
