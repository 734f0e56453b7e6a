{#
  A text hidden behind three asterisks, whatever its length: only its first characters may stay. A text that is
  not longer than what may stay is hidden whole. Null stays null: that a cell is empty is shown.

      mask('nom')                      ->   '***'
      mask('code_postal', keep=2)      of 5000   ->   '50***'
      mask('beneficiaire', when='est_personne_physique = 1')   a person's name only

  value: SQL expression of type text. keep: how many characters stay at the beginning, 0 by default. when: SQL
  condition, never null, of the rows to mask; all of them by default. The other values stay as they are.
#}
{% macro mask(value, keep=0, when=none) -%}
    {%- if when -%}
        /* protection: masque */ case when {{ when }} then {{ mask(value, keep) }} else {{ value }} end
    {%- elif keep == 0 -%}
        /* protection: masque */ case when {{ value }} is not null then '***' end
    {%- else -%}
        {{- check_whole_number('mask', '« keep »', keep, 0) -}}
        /* protection: masque */ case
            when {{ value }} is null then null
            when {{ dbt.length(value) }} <= {{ keep }} then '***'
            else {{ dbt.concat(['substr(' ~ value ~ ', 1, ' ~ keep ~ ')', "'***'"]) }}
        end
    {%- endif -%}
{%- endmacro %}
