{#
  The received columns that `staging` takes, one macro a type. In all of them: column, its received name; name, its
  name in the model, the same unless said otherwise; required or optional, the reason that the écarts give of a
  cell that cannot be read: `required` refuses its row, `optional` makes it null. One of the two is said, but of a
  text, in which everything can be read. sql: an expression of the value that was read, in the place of `{}`:

      text('n_de_mandat', 'mandat_pseudonyme', sql=pseudonymise('{}', 'agmj', 'suivi'), required="mandat absent")

  known: list of the values that the source is known to write; unknown: the reason that the écarts give of others,
  which are kept.
#}
{% macro text(column, name=none, required=none, optional=none, sql='{}', known=none, unknown=none) -%}
    {%- if optional -%}
        {{ refuse_argument('text', 'tout se lit dans un texte, « ' ~ column ~ ' » n\'a donc pas de « optional »',
            'retirez-le, ou dites le type de la colonne : integer, day, code…') }}
    {%- endif -%}
    {{ return(read_column('text', column, {}, name, required, optional, sql, known, unknown)) }}
{%- endmacro %}


{# A whole number; group_separators: see to_integer. #}
{% macro integer(column, name=none, required=none, optional=none, sql='{}', group_separators=[]) -%}
    {%- set options = {'group_separators': group_separators} if group_separators else {} -%}
    {{ return(read_column('integer', column, options, name, required, optional, sql)) }}
{%- endmacro %}


{# A decimal number; precision, scale, decimal_separator, group_separators, round: see to_decimal. #}
{% macro decimal(
    column, name=none, precision=none, scale=none, required=none, optional=none, sql='{}',
    decimal_separator='.', group_separators=[], round=false
) -%}
    {%- set options = {'precision': precision, 'scale': scale} -%}
    {%- do options.update({'decimal_separator': decimal_separator}) if decimal_separator != '.' -%}
    {%- do options.update({'group_separators': group_separators}) if group_separators -%}
    {%- do options.update({'round': round}) if round -%}
    {{ return(read_column('decimal', column, options, name, required, optional, sql)) }}
{%- endmacro %}


{# A day; pattern, first_year: see to_date. #}
{% macro day(column, name=none, pattern='yyyy-MM-dd', required=none, optional=none, sql='{}', first_year=1930) -%}
    {%- set options = {'pattern': pattern} -%}
    {%- do options.update({'first_year': first_year}) if first_year != 1930 -%}
    {{ return(read_column('date', column, options, name, required, optional, sql)) }}
{%- endmacro %}


{# A day written as a serial number of Excel; first_year: see to_excel_date. #}
{% macro excel_day(column, name=none, required=none, optional=none, sql='{}', first_year=1900) -%}
    {%- set options = {'first_year': first_year} if first_year != 1900 else {} -%}
    {{ return(read_column('excel_date', column, options, name, required, optional, sql)) }}
{%- endmacro %}


{# A day and its time; pattern: see to_moment. #}
{% macro moment(column, name=none, pattern=none, required=none, optional=none, sql='{}') -%}
    {%- set options = {'pattern': pattern} if pattern else {} -%}
    {{ return(read_column('moment', column, options, name, required, optional, sql)) }}
{%- endmacro %}


{# Yes or no. #}
{% macro yes_no(column, name=none, required=none, optional=none, sql='{}') -%}
    {{ return(read_column('boolean', column, {}, name, required, optional, sql)) }}
{%- endmacro %}


{# A code that keeps its zeros; pattern: of the whole cell, see to_code. #}
{% macro code(column, name=none, pattern=none, required=none, optional=none, sql='{}') -%}
    {{ return(read_column('code', column, {'pattern': pattern}, name, required, optional, sql)) }}
{%- endmacro %}


{# A postal code of four digits. #}
{% macro postal_code(column, name=none, required=none, optional=none, sql='{}') -%}
    {{ return(code(column, name, domain_pattern('postal_code'), required, optional, sql)) }}
{%- endmacro %}


{# A NIS code of a commune, an arrondissement, a province or a region, of five digits. #}
{% macro nis_code(column, name=none, required=none, optional=none, sql='{}') -%}
    {{ return(code(column, name, domain_pattern('nis_code'), required, optional, sql)) }}
{%- endmacro %}


{# A school year, as 2024-2025. #}
{% macro school_year(column, name=none, required=none, optional=none, sql='{}') -%}
    {{ return(code(column, name, domain_pattern('school_year'), required, optional, sql)) }}
{%- endmacro %}


{# A year of four digits, as an integer. #}
{% macro year(column, name=none, required=none, optional=none) -%}
    {%- set pattern = domain_pattern('year') -%}
    {%- set sql -%} case when {{ is_code(column, pattern) }} then {{ to_integer(column) }} end {%- endset -%}
    {{ return(read_column('code', column, {'pattern': pattern}, name, required, optional, sql)) }}
{%- endmacro %}


{# A FASE number of an establishment, an implantation or a pouvoir organisateur. #}
{% macro fase_number(column, name=none, required=none, optional=none) -%}
    {{ return(integer(column, name, required, optional)) }}
{%- endmacro %}


{# An enterprise number of the Banque-Carrefour des Entreprises, whose check digits are right. #}
{% macro bce_number(column, name=none, required=none, optional=none, sql='{}') -%}
    {{ return(read_column('bce_number', column, {}, name, required, optional, sql)) }}
{%- endmacro %}


{# A key « établissement/implantation »; names: of the two FASE numbers that it gives. #}
{% macro school_key(column, names, required=none, optional=none) -%}
    {%- set entry = read_column('school_key', column, {}, names[0], required, optional, school_key_establishment(column)) -%}
    {%- do entry.outputs.append({'name': names[1], 'sql': school_key_site(column)}) -%}
    {%- do entry.declared.noms.append(names[1]) -%}
    {{ return(entry) }}
{%- endmacro %}


{#
  A column that no type above reads: name, its name in the model; sql, its expression; `of`, the received column
  that its écarts show, if it has one; readable, the condition that this cell can be read. `required` may be a list
  of rules (reject), for what several cells say together.
#}
{% macro expression(name, sql, of=none, readable=none, required=none, optional=none) -%}
    {%- if optional and not readable -%}
        {{ refuse_argument('expression', '« ' ~ name ~ ' » dit optional sans dire ce qui se lit',
            'ajoutez readable=, la condition de la cellule : is_integer(…), is_code(…)…') }}
    {%- elif (required or optional) and not of -%}
        {{ refuse_argument('expression', '« ' ~ name ~ ' » ne dit pas quelle colonne reçue ses écarts montrent',
            'ajoutez of=, le nom de cette colonne') }}
    {%- endif -%}
    {{ return(declared_column('expression', of, {}, [{'name': name, 'sql': sql}], required, optional, readable)) }}
{%- endmacro %}


{# A column of the rows that is taken as it is: source_recu_le, or what a correction says. #}
{% macro as_is(name) -%}
    {{ return(declared_column('tel quel', none, {}, [{'name': name, 'sql': name}])) }}
{%- endmacro %}


{# What a cell of a domain looks like, whole. #}
{% macro domain_pattern(domain) -%}
    {{ return({
        'postal_code': '[1-9][0-9]{3}',
        'nis_code': '[0-9]{5}',
        'school_year': '[0-9]{4}-[0-9]{4}',
        'year': '[1-9][0-9]{3}',
    }[domain]) }}
{%- endmacro %}


{# Whether clean_text gives each of some values as it is; false for none. #}
{% macro is_clean(values) -%}
    {{ return(
        values and '' not in values and '#' not in values | join and values | map('trim') | list == values
    ) }}
{%- endmacro %}


{# The entry of a column that a type reads; refuses one that does not say what becomes of a cell it cannot read. #}
{% macro read_column(kind, column, options, name, required, optional, sql, known=none, unknown=none) -%}
    {%- if kind != 'text' and not required and not optional -%}
        {{ refuse_argument(
            'staging',
            'la colonne « ' ~ column ~ ' » ne dit pas ce que devient une cellule illisible',
            'ajoutez optional="' ~ column ~ ' illisible" (la cellule devient nulle et le dit), ou '
            ~ 'required="' ~ column ~ ' absent ou illisible" (la ligne ne vaut rien sans elle et est refusée)'
        ) }}
    {%- elif required and optional -%}
        {{ refuse_argument('staging', 'la colonne « ' ~ column ~ ' » est à la fois required et optional', 'gardez l\'un des deux') }}
    {%- elif known and not unknown -%}
        {{ refuse_argument(
            'staging', 'la colonne « ' ~ column ~ ' » connaît ses valeurs sans dire le motif des autres',
            'ajoutez unknown="' ~ column ~ ' inconnu, gardé tel quel"'
        ) }}
    {%- endif -%}
    {%- set value = value_read(kind, column, options) -%}
    {%- if is_clean(known) -%}
        {#- Nearly every cell is one of them, and needs no cleaning. -#}
        {%- set value -%}
            case when {{ column }} in ({% for one in known %}{{ ', ' if not loop.first }}{{ text_literal(one) }}{% endfor %})
                then {{ column }} else {{ value }} end
        {%- endset -%}
    {%- endif -%}
    {%- set entry = declared_column(
        kind, column, options, [{'name': name or column, 'sql': sql | replace('{}', value)}], required, optional
    ) -%}
    {%- do entry.declared.update({'connus': known, 'inconnu': unknown}) if known -%}
    {#- What its own SQL makes of the cell is no longer what was received. -#}
    {%- do entry.declared.update({'reecrit': true}) if '{}' in sql and sql != '{}' -%}
    {{ return(entry) }}
{%- endmacro %}


{# An entry: what the model selects, and what is declared of it, said in French where users meet it. #}
{% macro declared_column(kind, column, options, outputs, required=none, optional=none, readable=none) -%}
    {%- set declared = {'type': kind, 'noms': outputs | map(attribute='name') | list} -%}
    {%- for key, value in {
        'colonne': column, 'options': options, 'requis': required, 'facultatif': optional, 'lisible': readable
    }.items() if value -%}
        {%- do declared.update({key: value}) -%}
    {%- endfor -%}
    {{ return({'outputs': outputs, 'declared': declared}) }}
{%- endmacro %}


{# The value of a cell, null when it cannot be read. #}
{% macro value_read(kind, column, options) -%}
    {%- if kind == 'text' -%} {{ clean_text(column) }}
    {%- elif kind == 'integer' -%} {{ to_integer(column, **options) }}
    {%- elif kind == 'decimal' -%} {{ to_decimal(column, **options) }}
    {%- elif kind == 'date' -%} {{ to_date(column, **options) }}
    {%- elif kind == 'excel_date' -%} {{ to_excel_date(column, **options) }}
    {%- elif kind == 'moment' -%} {{ to_moment(column, **options) }}
    {%- elif kind == 'boolean' -%} {{ to_boolean(column) }}
    {%- elif kind == 'code' -%} {{ to_code(column, **options) }}
    {%- elif kind == 'bce_number' -%} {{ to_bce_number(column) }}
    {%- endif -%}
{%- endmacro %}


{# A condition: the cell can be read; empty for a text, of which it is enough that it be there. #}
{% macro can_be_read(kind, column, options) -%}
    {%- if kind == 'integer' -%} {{ is_integer(column, **options) }}
    {%- elif kind == 'decimal' -%} {{ is_decimal(column, **options) }}
    {%- elif kind == 'date' -%} {{ is_date(column, **options) }}
    {%- elif kind == 'excel_date' -%} {{ is_excel_date(column, **options) }}
    {%- elif kind == 'moment' -%} {{ is_moment(column, **options) }}
    {%- elif kind == 'boolean' -%} {{ is_boolean(column) }}
    {%- elif kind == 'code' -%} {{ is_code(column, **options) }}
    {%- elif kind == 'bce_number' -%} {{ is_bce_number(column) }}
    {%- elif kind == 'school_key' -%} {{ is_school_key(column) }}
    {%- endif -%}
{%- endmacro %}
