{#
  The schema follows the folder, so that whoever connects sees one clean schema per domain. A domain is a folder
  whose name is the group of its models and seeds (models/age/_age.yml, and the line of dbt_project.yml):

      models/age/marts/...              -> age
      models/age/staging/...            -> age_staging
      models/age/intermediate/...       -> age_intermediate
      snapshots/age/marts/...           -> age
      seeds/age/...                     -> age_reference

  On Denodo the schema is the virtual database, one a domain, and layers are folders in it:

      models/age/staging/...            -> age
      seeds/age/...                     -> age

  DBT_SCHEMA_PREFIX puts an analyst's prefix in front (jdupont_age), so that several people share a server.
  It is refused on prod, where dashboards expect the plain names.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {%- set suffixes = {'marts': '', 'staging': '_staging', 'intermediate': '_intermediate'} -%}
    {%- set domain = node.fqn[1] -%}
    {#- dbt gives a snapshot no group of its folder: make lint looks at it. -#}
    {%- set is_snapshot = node.resource_type == 'snapshot' -%}
    {%- set prefix = env_var('DBT_SCHEMA_PREFIX', '') -%}

    {%- if prefix and target.name == 'prod' -%}
        {{ exceptions.raise_compiler_error(
            "DBT_SCHEMA_PREFIX=" ~ prefix ~ " est défini alors que la cible est prod. "
            ~ "Que faire : unset DBT_SCHEMA_PREFIX, ou choisissez DBT_TARGET=staging."
        ) }}
    {%- endif -%}

    {%- if node.resource_type == 'test' -%}
        {%- set schema = 'tests' -%}
    {%- elif node.resource_type == 'sql_operation' -%}
        {#- A query that make try reads makes nothing, in no schema. -#}
        {%- set schema = 'essai' -%}
    {%- elif custom_schema_name -%}
        {{ exceptions.raise_compiler_error(
            node.original_file_path ~ " : +schema n'est pas utilisé ici, le dossier décide du schéma. "
            ~ "Que faire : retirez « schema » de la configuration."
        ) }}
    {%- elif is_snapshot and node.fqn | length < 4 or not is_snapshot and node.group != domain -%}
        {{ exceptions.raise_compiler_error(
            node.original_file_path ~ " : le dossier « " ~ domain ~ " » n'est pas celui d'un domaine. "
            ~ "Que faire : rangez le fichier sous models/<ag>/<couche>/, snapshots/<ag>/marts/ ou seeds/<ag>/ ; "
            ~ "pour une nouvelle AG, make new-ag AG=" ~ domain ~ " NAME=\"…\" écrit son groupe et sa ligne de "
            ~ "dbt_project.yml."
        ) }}
    {%- elif node.resource_type == 'seed' -%}
        {%- set schema = domain if target.type == 'denodo' else domain ~ '_reference' -%}
    {%- elif node.fqn[2] in suffixes -%}
        {%- set schema = domain if target.type == 'denodo' else domain ~ suffixes[node.fqn[2]] -%}
    {%- elif is_snapshot -%}
        {{ exceptions.raise_compiler_error(
            node.original_file_path ~ " : un instantané est dans une couche. "
            ~ "Que faire : rangez-le sous snapshots/" ~ domain ~ "/marts/, ou intermediate/ s'il reste privé."
        ) }}
    {%- else -%}
        {{ exceptions.raise_compiler_error(
            node.original_file_path ~ " : « " ~ node.fqn[2] ~ " » n'est pas une couche. "
            ~ "Que faire : rangez le modèle sous models/" ~ domain ~ "/staging/<source>/, intermediate/ ou marts/."
        ) }}
    {%- endif -%}

    {{ (prefix ~ '_' if prefix else '') ~ schema }}
{%- endmacro %}
