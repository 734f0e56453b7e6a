{#
  A query: the rows of a source table, where a cell known to be wrong has the value that a declared correction
  gives. What was received stays in the raw table. A correction holds for the rows that have its key and still
  have the value it found wrong, until its last day; `corrections` says those that a row had, with their reason.
  Read it in staging and give it to row_issues, so that both judge the same cells.

      with source as (
          {{ corrected(
              source('conges', 'conges_scolaires'), 'conges.conges_scolaires', ref('corrections_commun'),
              key='startdate', columns=['id', 'country', 'startdate', 'enddate']
          ) }}
      ),

  relation: the source table. name: its name in the corrections, `source.table`. corrections: the table of the
  domain's corrections. key: the received column that the corrections name a row by. columns: list of the columns
  that the source declares; each may be corrected.
#}
{% macro corrected(relation, name, corrections, key, columns) -%}
    {%- set texts = [] -%}
    {%- for column in columns -%}
        {%- do texts.append(
            "case when " ~ correction_holds(column) ~ " then "
            ~ dbt.concat(["'" ~ column ~ " : '", "corrigees." ~ column ~ "_motif", "' '"]) ~ " end"
        ) -%}
    {%- endfor -%}
    {%- set said = dbt.concat([
        'motif', "' ('", 'auteur', "', jusqu''au '", format_date('jusqu_au', 'dd/MM/yyyy'), "')'"
    ]) -%}
    select
        lignes.source_fichier,
        lignes.source_ligne,
        lignes.source_recu_le,
        lignes.charge_le,
        lignes.chargement_id,
        {%- for column in columns %}
        case
            when {{ correction_holds(column) }} then corrigees.{{ column }}_juste
            else lignes.{{ column }}
        end as {{ column }},
        {%- endfor %}
        nullif(trim({{ dbt.concat(texts) }}), '') as corrections
    from {{ relation }} as lignes
    left join (
        select
            cle,
            {%- for column in columns %}
            max(case when colonne = '{{ column }}' then 1 end) as {{ column }}_corrigee,
            max(case when colonne = '{{ column }}' then valeur_recue end) as {{ column }}_fausse,
            max(case when colonne = '{{ column }}' then valeur end) as {{ column }}_juste,
            max(case when colonne = '{{ column }}' then {{ said }} end) as {{ column }}_motif
            {%- if not loop.last %},{% endif %}
            {%- endfor %}
        from {{ corrections }}
        where
            table_source = '{{ name }}'
            and jusqu_au >= cast({{ current_timestamp_local() }} as date)
        group by cle
    ) as corrigees
        on lignes.{{ key }} = corrigees.cle
{%- endmacro %}


{# A condition: a correction of the column holds for the row. #}
{% macro correction_holds(column) -%}
    corrigees.{{ column }}_corrigee = 1
    and coalesce(lignes.{{ column }}, '') = coalesce(corrigees.{{ column }}_fausse, '')
{%- endmacro %}
