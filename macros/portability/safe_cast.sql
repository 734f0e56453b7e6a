{#
  What a text says, in another type; null when it does not say it. Override of dbt's own `safe_cast`, which
  fails. Neither engine has a cast that gives null, so the text is compared with a pattern first; the
  patterns leave no value that the cast refuses, at the price of the longest numbers.

      integer                   -?[0-9]{1,9}
      bigint                    -?[0-9]{1,18}
      numeric(p, s)             at most p - s digits, then at most s after a point
      double precision          at most 15 digits, then at most 15 after a point
      boolean                   true or false, whatever the case
      date                      yyyy-MM-dd, a day of the calendar, with or without spaces around
      text                      the value itself

  PostgreSQL and Denodo: the same shape, made of portable macros. The values of a dbt unit test, which dbt
  writes by this macro too, are cast as they are: a wrong one must not become null.

      {{ dbt.safe_cast('age', 'integer') }}   ->   '42' gives 42, '4x' gives null

  field: SQL expression of type text. type: one of the types above, as PostgreSQL names it.
#}
{% macro postgres__safe_cast(field, type) -%}
    {{ guarded_cast(field, type) }}
{%- endmacro %}

{% macro denodo__safe_cast(field, type) -%}
    {{ guarded_cast(field, type) }}
{%- endmacro %}


{# The cast of a text behind the pattern of its type, for safe_cast. #}
{% macro guarded_cast(field, type) -%}
    {%- set name = modules.re.sub('\\s*([(),])\\s*', '\\1', type | trim | lower) -%}
    {%- set decimal = modules.re.fullmatch('(?:numeric|decimal)\\(([0-9]+),([0-9]+)\\)', name) -%}
    {%- if value_of_a_unit_test(field) == 'yes' -%}
        cast({{ field }} as {{ type }})
    {%- elif name in ('int', 'int4', 'integer') -%}
        case when {{ regexp_like(field, '-?[0-9]{1,9}') }} then cast({{ field }} as {{ dbt.type_int() }}) end
    {%- elif name in ('int8', 'bigint') -%}
        case when {{ regexp_like(field, '-?[0-9]{1,18}') }} then cast({{ field }} as {{ dbt.type_bigint() }}) end
    {%- elif name in ('double precision', 'float8', 'float') -%}
        case
            when {{ regexp_like(field, '-?[0-9]{1,15}([.][0-9]{1,15})?') }}
                then cast({{ field }} as {{ dbt.type_float() }})
        end
    {%- elif name in ('bool', 'boolean') -%}
        case lower({{ field }}) when 'true' then true when 'false' then false end
    {%- elif name == 'date' -%}
        {{ to_date(field) }}
    {%- elif name in ('text', 'varchar', 'character varying') -%}
        cast({{ field }} as text)
    {%- elif decimal -%}
        {%- set precision, scale = decimal.group(1) | int, decimal.group(2) | int -%}
        {{- check_decimal('safe_cast', precision, scale) -}}
        {%- set whole = '-?[0-9]{1,' ~ [precision - scale, 1] | max ~ '}' if precision > scale else '-?0' -%}
        {%- set pattern = whole ~ ('([.][0-9]{1,' ~ scale ~ '})?' if scale else '') -%}
        case when {{ regexp_like(field, pattern) }} then {{ cast_decimal(field, precision, scale) }} end
    {%- else -%}
        {{ refuse_argument(
            'safe_cast',
            "le type « " ~ type ~ " » n'a pas de conversion sûre sur les deux moteurs",
            "choisissez integer, bigint, numeric(p, s), double precision, boolean, date ou text ; "
            ~ "pour un moment, parse_timestamp"
        ) }}
    {%- endif -%}
{%- endmacro %}


{# Says `yes` for a value that dbt writes out of the rows of a unit test, given or expected. #}
{% macro value_of_a_unit_test(field) -%}
    {%- set literal = field is not string or modules.re.fullmatch("null|'(?:[^']|'')*'", field) -%}
    {%- set unit_test = model is defined
        and (model.resource_type == 'unit_test' or 'get_fixture_sql(' in model.raw_code) -%}
    {{- 'yes' if literal and unit_test -}}
{%- endmacro %}
