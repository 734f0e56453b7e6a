{#
  Dates received as text, in a Java pattern: yyyy or yy, MM or M, dd or d, and HH, H, mm, m, ss, s, SSS for a time,
  which is checked and left. A single letter takes one or two digits. Validity is a matter of the regular
  expression, because a cast raises on 31/02 and PostgreSQL's to_date takes it for 3 March.

  Two digits of a year are those of the hundred years from first_year on: of 1930 to 2029, as Excel and Windows
  have it, unless said otherwise.

      to_date('date_de_debut', 'dd/MM/yyyy')               null when the cell is no day of the calendar
      to_date('date_de_naissance', 'dd-MM-yy', 1920)       '29-02-24' -> 1924-02-29
      to_date('recu_le', 'd/M/yyyy HH:mm')                 '5/3/2024 23:59' -> 2024-03-05
#}
{% macro to_date(column, pattern='yyyy-MM-dd', first_year=1930) -%}
    {%- set day = date_text_parts(column, pattern) -%}
    {%- if day.year_pattern == 'yyyy' -%}
        {%- set year = day.year -%}
    {%- else -%}
        {%- set century = first_year // 100 -%}
        {%- set year -%}
            concat(case when cast({{ day.year }} as integer) < {{ first_year % 100 }} then '{{ century + 1 }}' else '{{ century }}' end, {{ day.year }})
        {%- endset -%}
    {%- endif -%}
    case
        when {{ is_date(column, pattern, first_year) }}
            then {% if pattern == 'yyyy-MM-dd' -%} cast({{ trim_blanks(column) }} as date)
            {%- else -%} cast(concat({{ year }}, '-', {{ day.month }}, '-', {{ day.day }}) as date)
            {%- endif %}
    end
{%- endmacro %}


{# A condition: the cell is a day of the calendar, written in the pattern. #}
{% macro is_date(column, pattern='yyyy-MM-dd', first_year=1930) -%}
    {{- check_whole_number('to_date', '« first_year »', first_year, 1000) -}}
    {{ within_blanks(column, day_forms(pattern, first_year), checked=true) }}
{%- endmacro %}


{# The regular expression of a day of the calendar in a Java pattern. #}
{% macro day_forms(pattern, first_year=1930) -%}
    {#- Days that every month has; those of all but February; of the long ones; and 29 February of leap years. -#}
    {%- set days = [
        {'d': '0?[1-9]|1[0-9]|2[0-8]', 'M': '0?[1-9]|1[0-2]'},
        {'d': '29|30', 'M': '0?[13-9]|1[0-2]'},
        {'d': '31', 'M': '0?[13578]|1[02]'},
        {'d': '29', 'M': '0?2', 'yyyy': leap_years(), 'yy': leap_years(first_year)},
    ] -%}
    {%- set forms = [] -%}
    {%- for shapes in days -%}
        {%- do forms.append(date_regexp(pattern, shapes)) -%}
    {%- endfor -%}
    {{ return(forms | join('|')) }}
{%- endmacro %}


{# The pattern of leap years: of four digits, or of two in the hundred years from first_year on. #}
{% macro leap_years(first_year=none) -%}
    {%- if first_year is none -%}
        [0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:0[48]|[2468][048]|[13579][26])00
    {%- else -%}
        {%- set found = [] -%}
        {%- for year in range(first_year, first_year + 100)
            if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) -%}
            {%- do found.append('%02d' | format(year % 100)) -%}
        {%- endfor -%}
        {{ found | sort | join('|') }}
    {%- endif -%}
{%- endmacro %}


{#
  The regular expression of a date in a Java pattern, for days, months and years of some shapes; of a field
  of two letters, the zero before a single digit is not optional.
#}
{% macro date_regexp(pattern, shapes) -%}
    {%- set known = {
        'yyyy': '(?!0000)[0-9]{4}',
        'yy': '[0-9]{2}',
        'H': '0?[0-9]|1[0-9]|2[0-3]',
        'm': '0?[0-9]|[1-5][0-9]',
        's': '0?[0-9]|[1-5][0-9]',
        'SSS': '[0-9]{3}',
    } -%}
    {%- set _ = known.update(shapes) -%}
    {%- set state = namespace(regexp='') -%}
    {%- for part in date_pattern_parts(pattern) -%}
        {%- if part.field is defined -%}
            {%- set shape = known[part.field] if part.field in known else known[part.field[0]] | replace('0?', '0') -%}
            {%- set state.regexp = state.regexp ~ '(?:' ~ shape ~ ')' -%}
        {%- else -%}
            {%- set state.regexp = state.regexp ~ pattern_of_text(part.text) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ state.regexp }}
{%- endmacro %}


{# The fields and texts of a Java date pattern that says a day; refuses another. #}
{% macro date_pattern_parts(pattern) -%}
    {#- Years of two digits, which the pattern of a whole moment may not have, are checked as years of four. -#}
    {%- set _ = check_read_date(
        'to_date', modules.re.sub('(?<!y)yy(?!y)', 'yyyy', pattern), ['y', 'M', 'd'], ['H', 'm', 's', 'S']
    ) -%}
    {{ return(java_date_pattern('to_date', pattern)) }}
{%- endmacro %}


{#
  Where year, month and day are in a text that follows the pattern: {year, month, day, year_pattern}, month
  and day on two digits. Before the first field of one letter, fields have their place; from there on, they
  are the parts that the pattern's own texts cut, all taken for the same sign.
#}
{% macro date_text_parts(column, pattern) -%}
    {%- set parts = date_pattern_parts(pattern) -%}
    {%- set cut = namespace(sql=trim_blanks(column), number=1) -%}
    {%- for part in parts if part.text is defined -%}
        {%- set cut.sql = 'replace(' ~ cut.sql ~ ', ' ~ text_literal(part.text) ~ ", '|')" -%}
    {%- endfor -%}
    {%- set names = {'y': 'year', 'M': 'month', 'd': 'day'} -%}
    {%- set found = {} -%}
    {%- set place = namespace(text=trim_blanks(column), start=1, fixed=true) -%}
    {%- for part in parts -%}
        {%- set length = (part.field or part.text) | length -%}
        {%- set place.fixed = place.fixed and (part.field is not defined or length > 1) -%}
        {%- if not place.fixed -%}
            {%- set place.text = dbt.split_part(cut.sql, "'|'", cut.number) -%}
        {%- endif -%}
        {%- if part.field is not defined -%}
            {%- set cut.number = cut.number + 1 -%}
            {%- set place.start = place.start + length if place.fixed else 1 -%}
        {%- else -%}
            {%- set text -%}
                {%- if length == 1 -%} {{ dbt.right("concat('0', " ~ place.text ~ ')', 2) }}
                {%- else -%} substr({{ place.text }}, {{ place.start }}, {{ length }})
                {%- endif -%}
            {%- endset -%}
            {%- do found.update({names.get(part.field[0], part.field): text}) -%}
            {%- if part.field[0] == 'y' -%}
                {%- do found.update({'year_pattern': part.field}) -%}
            {%- endif -%}
            {%- set place.start = place.start + length -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{#
  The day of a serial number, as Excel stores dates and shows them in a cell without a date format: days since
  the end of 1899, the decimals being a time, which is left. Excel takes 1900 for a leap year: 60 would be
  29 February 1900, which is no day, and those before are one day late. Workbooks of old Macs count from 1904.

      to_excel_date('date_de_debut')                   '45351' -> 2024-02-29, '45351.75' too, '60' -> null
      to_excel_date('date_de_debut', first_year=1904)  '43889' -> 2024-02-29
#}
{% macro to_excel_date(column, first_year=1900) -%}
    {%- set serial = 'cast(' ~ excel_days(column) ~ ' as integer)' -%}
    case
        when {{ is_excel_date(column, first_year) }}
            then {{ add_days(
                dbt.date(1904, 1, 1) if first_year == 1904 else dbt.date(1899, 12, 30),
                serial if first_year == 1904 else 'case when ' ~ serial ~ ' < 60 then ' ~ serial ~ ' + 1 else ' ~ serial ~ ' end'
            ) }}
    end
{%- endmacro %}


{# A condition: the cell is a serial number of Excel, of a day up to the end of 9999. #}
{% macro is_excel_date(column, first_year=1900) -%}
    {%- if first_year not in (1900, 1904) -%}
        {{ refuse_argument(
            'to_excel_date', "« first_year » vaut " ~ first_year, "écrivez 1900 (par défaut), ou 1904 pour les anciens Mac"
        ) }}
    {%- endif -%}
    {%- set serial = 'cast(' ~ excel_days(column) ~ ' as integer)' -%}
    case
        when not {{ within_blanks(column, '[0-9]{1,7}(?:[.][0-9]+)?', checked=true) }} then 0
        {% if first_year == 1904 -%}
            when {{ serial }} <= 2957003 then 1
        {%- else -%}
            when {{ serial }} between 1 and 59 or {{ serial }} between 61 and 2958465 then 1
        {%- endif %}
        else 0
    end = 1
{%- endmacro %}


{# The whole days of a serial number, as text. #}
{% macro excel_days(column) -%}
    {{ dbt.split_part(trim_blanks(column), "'.'", 1) }}
{%- endmacro %}
