{#
  The present moment, with its time zone. Called as `dbt.current_timestamp`, which this implementation
  serves: one text for both engines. On PostgreSQL it is the moment at which the transaction began.

      dbt.current_timestamp()   ->   current_timestamp
#}
{% macro default__current_timestamp() -%}
    current_timestamp
{%- endmacro %}


{#
  The present moment as the administration's clocks show it, a timestamp without time zone. On PostgreSQL the zone is
  written out, whatever that of the session is. On Denodo the conversion goes by the zone of the server's
  internationalization, which must therefore be the same: VQL has no AT TIME ZONE.

      current_timestamp_local()   ->   current_timestamp at time zone 'Europe/Brussels'
#}
{% macro current_timestamp_local() -%}
    {{ return(adapter.dispatch('current_timestamp_local', 'donnees_au_centre')()) }}
{%- endmacro %}

{% macro default__current_timestamp_local() -%}
    current_timestamp at time zone '{{ time_zone() }}'
{%- endmacro %}

{% macro denodo__current_timestamp_local() -%}
    cast(current_timestamp as timestamp)
{%- endmacro %}
