{#
  Nothing is lost: every row of the source is in staging, or rejected, or excluded, and in one place only.
  Rows are followed by their key (source_fichier, source_ligne), so that two faults cannot cancel out.

  Of models filled load by load, the loads that were proven and have not changed since are not looked at again.
  Where all are, it is file by file first: each line once in the source, as many lines on both sides, and the same
  sum of their 64-bit digests. Only the rows of the other files are then compared one by one.

  Arguments: origin, the source table that the tested model reads unless said otherwise; issues, the écarts model
  of the same table, the tested model's name followed by _ecarts unless said otherwise.
#}
{% test reconciles_with_source(model, origin=none, issues=none) %}
{%- set origin = origin or source_of_tested() -%}
{%- set issues = issues or ref(tested_name() ~ '_ecarts') -%}
{%- set loads = loads_to_prove() -%}
{%- set by_file = loads.note and not loads.only and origin | string == loads.raw | string -%}
{%- set looked_at = "coalesce(source_fichier, '') in (select source_fichier from douteux)" if by_file else loads.only -%}
{{ loads.note }}
with
{%- if by_file %} {{ unlike_files_sql(origin, loads.loads, model, issues) }},
{% endif %}
places as (
    select source_fichier, source_ligne, 1 as en_source, 0 as en_staging, 0 as en_ecart
    from {{ origin }}
    {%- if looked_at %}
    where {{ loads.received or looked_at }}
    {%- endif %}
    union all
    select source_fichier, source_ligne, 0 as en_source, 1 as en_staging, 0 as en_ecart
    from {{ model }}
    {%- if looked_at %}
    where {{ looked_at }}
    {%- endif %}
    union all
    select source_fichier, source_ligne, 0 as en_source, 0 as en_staging, 1 as en_ecart
    from {{ issues }}
    where nature in ('rejet', 'exclusion'){{ ' and ' ~ looked_at if looked_at }}
    group by source_fichier, source_ligne, nature
),

comptes as (
    select
        source_fichier,
        source_ligne,
        sum(en_source) as en_source,
        sum(en_staging) as en_staging,
        sum(en_ecart) as en_ecart
    from places
    group by source_fichier, source_ligne
)

select * from comptes
where en_source <> 1 or en_staging + en_ecart <> 1
{% endtest %}
