{#
  The écarts of a staging model, stg_…_ecarts, made of what it declares (see staging): its exclusions, then what
  refuses a row, then what makes a cell null, then the values that are not known.

      {{ issues(source('points_verts', 'points_verts')) }}

  relation: the source table that the staging model reads. rows: the query of its rows, when they are corrected.
#}
{% macro issues(relation, rows=none) -%}
    {%- set found = {'exclusion': [], 'rejet': [], 'anomalie': [], 'connu': []} -%}
    {%- if execute is defined and execute -%}
        {%- set declared = declared_in_staging() -%}
        {%- for one in declared.lecture -%}
            {%- set readable = one.lisible or can_be_read(one.type, one.colonne, one.options or {}) -%}
            {%- if one.requis is string -%}
                {%- do found.rejet.append(required(
                    one.colonne, readable, one.requis, blanks=may_read_blanks(one), values=one.connus or []
                )) -%}
            {%- elif one.requis -%}
                {%- do found.rejet.extend(one.requis) -%}
            {%- elif one.facultatif -%}
                {%- do found.anomalie.append(optional(one.colonne, readable, one.facultatif)) -%}
            {%- endif -%}
            {%- if one.connus -%}
                {%- do found.connu.append(known(one.colonne, one.connus, one.inconnu)) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- for rule in declared.regles -%}
            {%- do found['connu' if rule.nature == 'anomalie' else rule.nature].append(rule) -%}
        {%- endfor -%}
    {%- else -%}
        {#- While dbt or sqlfluff reads the file alone: a query of the same shape. -#}
        {%- do found.rejet.append(required('source_fichier', none, '')) -%}
    {%- endif -%}
    {{ row_issues(relation, found.exclusion + found.rejet + found.anomalie + found.connu, rows) }}
{%- endmacro %}


{# Whether a cell of white space may be readable: not of a type, nor of a code made of digits, capitals and dashes. #}
{% macro may_read_blanks(declared) -%}
    {%- set pattern = (declared.options or {}).pattern or '' -%}
    {{ return(
        declared.lisible or declared.type == 'expression'
        or declared.type == 'code' and (
            not modules.re.fullmatch('[][0-9A-Z{},-]+', pattern) or modules.re.fullmatch(pattern, '') is not none
        )
    ) }}
{%- endmacro %}


{# What the staging model of these écarts declares: {lecture, regles}. #}
{% macro declared_in_staging() -%}
    {#- The node of a unit test has a name of its own, and says what it tests. -#}
    {%- set name = (model.tested_node_unique_id or model.unique_id).split('.')[-1] -%}
    {%- set staging_name = name.removesuffix('_ecarts') -%}
    {%- set node = graph.nodes.get('model.' ~ project_name ~ '.' ~ staging_name) -%}
    {%- if not name.endswith('_ecarts') or not node or 'lecture' not in node.config.meta -%}
        {{ refuse_argument(
            'issues',
            name ~ ' n\'a pas de modèle « ' ~ staging_name ~ ' » qui déclare ses colonnes par staging()',
            'nommez les écarts comme leur staging, suivi de _ecarts ; ou écrivez leurs règles par row_issues'
        ) }}
    {%- endif -%}
    {{ return(node.config.meta) }}
{%- endmacro %}
