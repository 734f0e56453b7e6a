{#
  A key made of several columns: no two rows have the same values in all of them.

  Of a table that is filled load by load, the rows of new loads are compared with all others, which are compared
  already; with those alone that lie between the bounds of their keys, where these are few, as of one more year. Where
  all are new, only rows of which the key has the same digest as that of another are: digests are smaller to sort.

  Arguments: columns, the list of the key's columns.
#}
{% test unique_combination(model, columns) %}
{%- set loads = loads_to_prove() -%}
{%- set near = near_keys_sql(model, columns, loads.only) if loads.only and 'chargement_id' not in columns else '' -%}
{{ loads.note }}
select
    {{ columns | join(',\n    ') }},
    count(*) as lignes
from {{ model }}
{%- if loads.only and 'chargement_id' in columns %}
where {{ loads.only }}
{%- elif near %}
where {{ near }}
{%- elif loads.only %}
where ({{ same_key_sql(columns) }}) in (select {{ same_key_sql(columns) }} from {{ model }} where {{ loads.only }})
{%- elif loads.note %}
{%- set digest = 'hash_record_extended(row(' ~ columns | join(', ') ~ '), 0)' %}
where
    {{ digest }} in (
        select condense
        from (
            select
                condense,
                lag(condense) over (order by condense) as precedent
            -- Only the digests are sorted.
            from (select {{ digest }} as condense from {{ model }} offset 0) as cles
        ) as suites
        where condense = precedent
    )
{%- endif %}
group by {{ columns | join(', ') }}
having count(*) > 1{{ ' and bool_or(' ~ loads.only ~ ')' if near }}
{% endtest %}
