{# The time zone of the administration. Written by `make fix` from administration.yml. #}
{% macro time_zone() -%}
    Europe/Brussels
{%- endmacro %}
