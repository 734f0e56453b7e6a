{#
  A constant day. Called as `dbt.date`, which this implementation serves: one text for both engines, where
  dbt's own calls to_date, whose arguments Denodo takes in the other order. A day that is not of the
  calendar is refused at compile time. For a day made of columns, see make_day.

      dbt.date(2024, 2, 29)   ->   date '2024-02-29'

  Arguments: year (1 to 9999), month, day; whole numbers.
#}
{% macro default__date(year, month, day) -%}
    {%- set numbers = [whole_number(year), whole_number(month), whole_number(day)] -%}
    {%- if none in numbers -%}
        {{ refuse_argument(
            'date',
            "trois nombres entiers sont attendus, et non " ~ [year, month, day] | join(', '),
            "pour un jour fait de colonnes, écrivez make_day(…)"
        ) }}
    {%- endif -%}
    {{ constant_day('date', numbers[0], numbers[1], numbers[2]) }}
{%- endmacro %}


{#
  A constant day of three whole numbers, for the macro of that name; refused when the calendar has no such
  day.
#}
{% macro constant_day(macro_name, year, month, day) -%}
    {%- set leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) -%}
    {%- set lengths = [31, 29 if leap else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] -%}
    {%- if not (1 <= year <= 9999 and 1 <= month <= 12) or not 1 <= day <= lengths[month - 1] -%}
        {{ refuse_argument(
            macro_name,
            [year, month, day] | join(', ') ~ " n'est pas un jour du calendrier",
            "corrigez l'année (1 à 9999), le mois ou le jour"
        ) }}
    {%- endif -%}
    date '{{ '%04d-%02d-%02d' % (year, month, day) }}'
{%- endmacro %}
