{#
  The texts of a group in one text, nulls left out; null when there is none. Their order is not promised: VQL's
  GROUP_CONCAT takes no order, and its LISTAGG runs only where a source executes it. So an order or a limit is
  refused on both engines, rather than kept on one. Override of dbt's own `listagg`.

  PostgreSQL: string_agg(text, separator). Denodo: GROUP_CONCAT(separator, text).

      {{ dbt.listagg('nom', "', '") }}   ->   'Mons, Namur'

  measure: a column of type text. delimiter_text: SQL literal of the separator, "','" by default.
  order_by_clause, limit_num: refused.
#}
{% macro postgres__listagg(measure, delimiter_text, order_by_clause=none, limit_num=none) -%}
    {{ check_listagg(measure, order_by_clause, limit_num) }}string_agg({{ measure }}, {{ delimiter_text }})
{%- endmacro %}

{% macro denodo__listagg(measure, delimiter_text, order_by_clause=none, limit_num=none) -%}
    {{ check_listagg(measure, order_by_clause, limit_num) }}group_concat({{ delimiter_text }}, {{ measure }})
{%- endmacro %}


{# Refuses the order, the limit and the `distinct` that VQL's GROUP_CONCAT does not have. #}
{% macro check_listagg(measure, order_by_clause, limit_num) -%}
    {%- if order_by_clause or limit_num -%}
        {{ refuse_argument(
            'listagg',
            "un ordre ou une limite est demandé, que GROUP_CONCAT de VQL ne connaît pas",
            "ôtez order_by_clause et limit_num ; si l'ordre compte, gardez une ligne par valeur"
        ) }}
    {%- elif modules.re.match('\\s*distinct\\s', measure, modules.re.IGNORECASE) -%}
        {{ refuse_argument(
            'listagg',
            "« distinct » n'est pas documenté dans GROUP_CONCAT de VQL",
            "écartez les doublons avant, par un group by dans une CTE"
        ) }}
    {%- endif -%}
{%- endmacro %}
