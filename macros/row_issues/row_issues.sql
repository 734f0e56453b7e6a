{#
  The écarts of a source table: one line for every row that staging refuses (rejet), leaves out on purpose
  (exclusion), or keeps with an unreadable cell (anomalie). Rows are examined once; only faulty ones are
  crossed with the rules. A table: pages, tests and stewards read it again and again.

      {{ row_issues(source('points_verts', 'points_verts'), [
          exclude('id', "id = 'Total'", 'ligne de total'),
          required('id', is_integer('id'), 'identifiant illisible'),
          optional('latitude', is_decimal('latitude', 9, 6), 'latitude illisible'),
      ]) }}

  An excluded row is not examined further; a rejected one has a line for each faulty required cell, and
  none for its optional cells. A cell in error of a spreadsheet (#N/A…) is an anomaly in every other column that
  the source declares: it has no rule of its own, and clean_text makes it null.
  The raw value of a column that its source tags as personal (config.meta.donnee_personnelle) is masked: the file
  and the line lead to it whoever may read them.
#}
{% macro row_issues(relation, rules, rows=none) -%}
    {{- config(materialized='table' if rows else 'by_load', meta={'description': issue_description(), 'colonnes': issue_columns()}) -}}
    {%- set rules = rules + cell_error_rules(relation, rules) -%}
    {%- set exclusions = rules | selectattr('nature', 'equalto', 'exclusion') | map(attribute='fault') | list -%}
    {%- set rejects = rules | selectattr('nature', 'equalto', 'rejet') | map(attribute='fault') | list -%}
    {%- set anomalies = rules | selectattr('nature', 'equalto', 'anomalie') | map(attribute='fault') | list -%}
    {%- set personal = personal_columns(relation) -%}
with source as (
    {{ rows or 'select * from ' ~ relation }}
),

-- The worst thing that can be said of each row: 1 exclusion, 2 rejet, 3 anomalie.
jugees as (
    select
        source.*,
        case
            {%- for fault in exclusions %}
            when {{ fault }} then 1
            {%- endfor %}
            {%- for fault in rejects %}
            when {{ fault }} then 2
            {%- endfor %}
            {%- for fault in anomalies %}
            when {{ fault }} then 3
            {%- endfor %}
            else 0
        end as regle_gravite
    from source
),

fautives as (
    select * from jugees
    where regle_gravite > 0
),

regles as (
    {%- for rule in rules %}
    select
        {{ loop.index }} as regle_numero,
        cast('{{ rule.nature }}' as text) as regle_nature,
        cast('{{ rule.column }}' as text) as regle_colonne,
        cast('{{ rule.reason | replace("'", "''") }}' as text) as regle_motif
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
),

final as (
    select
        fautives.source_fichier,
        fautives.source_ligne,
        fautives.charge_le,
        fautives.chargement_id,
        regles.regle_nature as nature,
        regles.regle_colonne as colonne,
        case regles.regle_numero
            {%- for rule in rules %}
            {%- set cell = 'fautives.' ~ rule.column %}
            when {{ loop.index }} then {{ mask(cell) if rule.column in personal else cell }}
            {%- endfor %}
        end as valeur_brute,
        regles.regle_motif as motif
    from fautives
    cross join regles
    where
        case
            {%- for rule in rules %}
            when regles.regle_numero = {{ loop.index }} and fautives.regle_gravite = {{ rule.severity }} and {{ rule.fault }} then 1
            {%- endfor %}
            else 0
        end = 1
)

select * from final
{%- endmacro %}


{# The rules of the columns of a source table that no other one reads: their cells are no errors. #}
{% macro cell_error_rules(relation, rules) -%}
    {%- set read = rules | rejectattr('nature', 'equalto', 'exclusion') | map(attribute='column') | list -%}
    {%- set found = [] -%}
    {%- for column in declared_columns(relation) if column.name not in read -%}
        {%- do found.append({
            'nature': 'anomalie',
            'severity': 3,
            'column': column.name,
            'fault': is_cell_error(column.name),
            'reason': 'cellule en erreur dans le tableur'
        }) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{# The columns of a source table that hold personal data, by its YAML; none while dbt reads the project. #}
{% macro personal_columns(relation) -%}
    {%- set found = [] -%}
    {%- for column in declared_columns(relation) -%}
        {%- set meta = (column.config or {}).get('meta') or column.meta or {} -%}
        {%- if meta.get('donnee_personnelle', 'aucune') != 'aucune' -%}
            {%- do found.append(column.name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{# The columns of a source table, as its YAML has them; none while dbt reads the project. #}
{% macro declared_columns(relation) -%}
    {%- set found = [] -%}
    {%- if execute is defined and execute and graph is defined -%}
        {%- for source in graph.sources.values()
            if source.schema == relation.schema and source.identifier == relation.identifier -%}
            {%- do found.extend(source.columns.values()) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found) }}
{%- endmacro %}


{#
  A rule: the cell must be there and readable, else the row is refused.

      required('n_fase', is_integer('n_fase'), 'numéro FASE illisible')
      required('nom', none, 'nom absent')

  blanks: false where a blank cell is never readable, so that it need not be looked for. values: those that a text
  is known to have, none of them blank, which nearly every cell is.
#}
{% macro required(column, readable, reason, blanks=true, values=[]) -%}
    {%- set fault -%}
        {%- if readable and not blanks -%} case when {{ readable }} then 0 else 1 end = 1
        {%- elif readable -%} {{ is_blank(column) }} or not ({{ readable }})
        {%- elif is_clean(values) -%}
            case when {{ column }} in ({% for one in values %}{{ ', ' if not loop.first }}{{ text_literal(one) }}{% endfor %})
                then 0 when {{ clean_text(column) }} is null then 1 else 0 end = 1
        {%- else -%} {{ clean_text(column) }} is null
        {%- endif -%}
    {%- endset -%}
    {{ return({'nature': 'rejet', 'severity': 2, 'column': column, 'fault': '(' ~ fault ~ ')', 'reason': reason}) }}
{%- endmacro %}


{#
  A rule: a cell that is there must be readable, else it becomes null and an anomaly.

      optional('latitude', is_decimal('latitude', 9, 6), 'latitude illisible')
#}
{% macro optional(column, readable, reason) -%}
    {%- set fault -%}
        {#- In this order a good cell is looked at once. -#}
        not ({{ readable }}) and {{ trim_blanks(column) }} <> ''
    {%- endset -%}
    {{ return({'nature': 'anomalie', 'severity': 3, 'column': column, 'fault': '(' ~ fault ~ ')', 'reason': reason}) }}
{%- endmacro %}


{#
  A rule: a cell that is there says one of the values that are known, else an anomaly says so where it arrives.
  The value itself is kept: it may be a new one, and the row counts.

      known('reseau', ['Officiel subventionné', 'Libre confessionnel'], 'réseau inconnu')
#}
{% macro known(column, values, reason) -%}
    {%- set literals = ["''"] -%}
    {%- for value in values -%}
        {%- do literals.append(text_literal(value)) -%}
    {%- endfor -%}
    {%- set fault -%}
        {#- As it is first: nearly every cell needs no trimming. -#}
        {{ column }} not in ({{ literals | join(', ') }}) and {{ trim_blanks(column) }} not in ({{ literals | join(', ') }})
    {%- endset -%}
    {{ return({'nature': 'anomalie', 'severity': 3, 'column': column, 'fault': '(' ~ fault ~ ')', 'reason': reason}) }}
{%- endmacro %}


{#
  A rule: a known non-row, such as a total, is left out. `column` is the cell to show.

      exclude('nis', "nis = '3000'", 'total de la région')
#}
{% macro exclude(column, condition, reason) -%}
    {{ return({'nature': 'exclusion', 'severity': 1, 'column': column, 'fault': '(' ~ condition ~ ')', 'reason': reason}) }}
{%- endmacro %}
