{#
  Moments received as text: a day and a time, as a timestamp without time zone. Without a pattern, as ISO 8601
  and databases write them: yyyy-MM-dd, T or a space, HH:mm, then as they like seconds, their decimals, and a
  zone. With one, a Java pattern, as to_date has it, years of four digits.

  A moment that says its zone becomes that of universal time (UTC), whatever the zone of the session: VQL has no
  zones. One that says none stays as it is. Decimals beyond the thousandth of a second are left.

      to_moment('modifie_le')                         '2024-02-29T10:30:00+01:00' -> 2024-02-29 09:30:00
      to_moment('modifie_le')                         '2024-02-29 10:30:00.5' -> 2024-02-29 10:30:00.5
      to_moment('recu_le', 'dd/MM/yyyy HH:mm')        '29/02/2024 10:30' -> 2024-02-29 10:30:00
#}
{% macro to_moment(column, pattern=none) -%}
    case
        when {{ is_moment(column, pattern) }}
            then {% if pattern -%} {{ parse_timestamp(trim_blanks(column), pattern) }}
            {%- else -%} {{ iso_moment(trim_blanks(column)) }}
            {%- endif %}
    end
{%- endmacro %}


{# A condition: the cell is a moment of the calendar, as ISO 8601 writes it or in the pattern. #}
{% macro is_moment(column, pattern=none) -%}
    {%- if pattern -%}
        {{ is_date(column, pattern) }}
    {%- else -%}
        {%- set time = '[ T](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.][0-9]{1,9})?)?' -%}
        {%- set zone = '(?: ?(?:[Zz]|[+-](?:0[0-9]|1[0-4])(?::?[0-5][0-9])?))?' -%}
        {{ within_blanks(column, '(?:' ~ day_forms('yyyy-MM-dd') ~ ')' ~ time ~ zone, checked=true) }}
    {%- endif -%}
{%- endmacro %}


{# The timestamp of a text that is_moment takes, without a pattern and white space around it. #}
{% macro iso_moment(text) -%}
    {#- What follows the minutes: seconds, then a zone, whose sign cuts the two. -#}
    {%- set rest = 'substr(' ~ text ~ ', 17)' -%}
    {%- set cut = "replace(" ~ rest ~ ", '-', '+')" -%}
    {%- set seconds = regexp_replace(dbt.split_part(cut, "'+'", 1), '[Zz ]+', '') -%}
    {%- set offset = "replace(" ~ dbt.split_part(cut, "'+'", 2) ~ ", ':', '')" -%}
    {%- set moment -%}
        concat(substr({{ text }}, 1, 10), ' ', substr({{ text }}, 12, 5), substr(
            case
                when {{ rest }} like '%.%' then concat({{ seconds }}, '00')
                when {{ rest }} like ':%' then concat({{ seconds }}, '.000')
                else ':00.000'
            end, 1, 7
        ))
    {%- endset -%}
    {%- set local = parse_timestamp(moment, 'yyyy-MM-dd HH:mm:ss.SSS') -%}
    {%- set minutes -%}
        (case when {{ rest }} like '%-%' then 1 else -1 end * (
            60 * cast(substr({{ offset }}, 1, 2) as integer)
            + cast(substr(concat({{ offset }}, '00'), 3, 2) as integer)
        ))
    {%- endset -%}
    case
        when {{ cut }} like '%+%' and {{ offset }} not in ('00', '0000')
            then {{ dbt.dateadd('minute', minutes, '(' ~ local ~ ')') }}
        else {{ local }}
    end
{%- endmacro %}
