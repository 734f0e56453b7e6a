{#
  A query of one row a day, in a column `jour`, from a first to a last day, both included: the seed
  `chiffres` counts, five digits deep, where PostgreSQL has generate_series and VQL has nothing. No row when
  the last day comes before the first; 100 000 days (273 years) at most, and what is beyond is not there.

      with jours as (
          {{ calendar_spine(dbt.date(2024, 1, 1), dbt.date(2024, 12, 31)) }}
      )
      ->   366 rows

  Arguments: first_day, last_day (constant expressions of type date).
#}
{% macro calendar_spine(first_day, last_day) -%}
    {%- set digits = ref('chiffres') -%}
    select {{ add_days(first_day, 'numero') }} as jour
    from (
        select
            10000 * myriades.chiffre + 1000 * milliers.chiffre + 100 * centaines.chiffre
            + 10 * dizaines.chiffre + unites.chiffre as numero
        from {{ digits }} as myriades
        cross join {{ digits }} as milliers
        cross join {{ digits }} as centaines
        cross join {{ digits }} as dizaines
        cross join {{ digits }} as unites
    ) as numeros
    where numero <= {{ days_between(first_day, last_day) }}
{%- endmacro %}
