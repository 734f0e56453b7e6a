{#
  The filling of secondary schools is published in two shapes. A cell that holds the icon of a status
  counts its years from the first one of the file's period; otherwise the year is written in full.

      places_status('valeur', 'fill_number')       '.../statutInscr4.png', null -> 4    null, '4' -> 4
      places_year('valeur', 'annee', 'periode')    an icon, '1', '2018-2022' -> 2019    null, '2021' -> 2021
#}
{% macro places_status(icon, number) -%}
    case
        when {{ is_places_icon(icon) }}
            then cast(substr({{ icon }}, position('statutInscr' in {{ icon }}) + 11, 1) as integer)
        when {{ is_blank(icon) }} then {{ to_integer(number) }}
    end
{%- endmacro %}


{# The year of a filling, in full. #}
{% macro places_year(icon, year, period) -%}
    case
        when not {{ is_code(period, '[0-9]{4}-[0-9]{4}') }} then null
        when {{ is_blank(icon) }} and {{ is_code(year, '[0-9]{4}') }}
            then cast({{ trim_blanks(year) }} as integer)
        when {{ is_blank(icon) }} then null
        when {{ is_code(year, '[0-9]') }}
            then cast(substr({{ trim_blanks(period) }}, 1, 4) as integer) + cast({{ trim_blanks(year) }} as integer)
    end
{%- endmacro %}


{# A condition: the year is written as its shape of file wants it. #}
{% macro is_places_year(icon, year) -%}
    (
        {{ is_blank(icon) }} and {{ is_code(year, '[0-9]{4}') }}
        or {{ clean_text(icon) }} is not null and {{ is_code(year, '[0-9]') }}
    )
{%- endmacro %}


{# A condition: the cell is the address of an icon of status, whose number stands in its name. #}
{% macro is_places_icon(icon) -%}
    {{ is_code(icon, '.*statutInscr[0-9][.]png') }}
{%- endmacro %}
