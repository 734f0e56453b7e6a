{#
  A person's identifier made into a pseudonym: HMAC-SHA-256 in hexadecimal, 64 characters, with the key of one
  administration and one purpose. Equal values of one administration and purpose have equal pseudonyms; those
  of two administrations, or of two purposes, never join. Null stays null.

  The key is not in the SQL, nor in anything dbt writes: the session has it, as two settings that
  donnees_au_centre/keys.py works out of DAC_CLE_<AG>_<FINALITE>. A session without it stops with an
  error that names the variable. What is hashed is the value as given: trim it and choose its case first.

  PostgreSQL only: VQL has no HMAC. The model is a table (a view would want the key of whoever reads it) and
  says so to Denodo, for which it is a base view: config.meta.sur_denodo: vue_de_base.

      pseudonymise(clean_text('identifiant_du_jeune'), 'agaj', 'suivi')

  value: SQL expression of type text. ag: the administration, as its folder is named; that of the model.
  purpose: what the pseudonyms serve, in lower case letters, digits and _. Both are written between quotes:
  the platform reads in the models which keys they need.
#}
{% macro pseudonymise(value, ag, purpose) -%}
    {{ return(adapter.dispatch('pseudonymise', 'donnees_au_centre')(value, ag, purpose)) }}
{%- endmacro %}

{% macro postgres__pseudonymise(value, ag, purpose) -%}
    {{- check_pseudonymise(ag, purpose) -}}
    /* protection: pseudonymise */ encode(
        sha256(
            decode({{ hmac_pad('o', ag, purpose) }}, 'hex')
            || sha256(decode({{ hmac_pad('i', ag, purpose) }}, 'hex') || convert_to({{ value }}, 'UTF8'))
        ), 'hex'
    )
{%- endmacro %}

{% macro denodo__pseudonymise(value, ag, purpose) -%}
    {{- check_pseudonymise(ag, purpose) -}}
    {#- Not while dbt reads the project, nor for a model that is a base view there: its SQL never runs on Denodo. -#}
    {%- if execute is defined and execute and (model.config.meta or {}).get('sur_denodo') != 'vue_de_base' -%}
        {{ refuse_argument(
            'pseudonymise',
            'VQL n\'a pas de HMAC',
            'écrivez config.meta.sur_denodo: vue_de_base dans le YAML du modèle, qui sera une vue de base'
        ) }}
    {%- endif -%}
    null
{%- endmacro %}


{#
  The padded key of a session, in hexadecimal: side `o` for the outer hash, `i` for the inner one. Without it
  PostgreSQL refuses a setting whose name is the message, and so shows it.
#}
{% macro hmac_pad(side, ag, purpose) -%}
    coalesce(
        nullif(current_setting('dac.{{ side }}_{{ ag }}_{{ purpose }}', true), ''),
        current_setting('la clé DAC_CLE_{{ ag | upper }}_{{ purpose | upper }} manque à cette session ; que faire : make build la donne, ou eval "$(make -s env CLES={{ ag }})" avant dbt')
    )
{%- endmacro %}


{# Refuses names that are no names, and the key of another administration than the model's. #}
{% macro check_pseudonymise(ag, purpose) -%}
    {%- for argument, name in {'« ag »': ag, '« purpose »': purpose}.items()
        if not modules.re.fullmatch('[a-z][a-z0-9_]*', name ~ '') -%}
        {{ refuse_argument(
            'pseudonymise',
            argument ~ ' est « ' ~ name ~ ' »',
            'écrivez des lettres minuscules sans accent, des chiffres et _, comme agx et suivi'
        ) }}
    {%- endfor -%}
    {%- if model is defined and model.resource_type == 'model' and model.fqn[1] != ag -%}
        {{ refuse_argument(
            'pseudonymise',
            'un modèle du domaine ' ~ model.fqn[1] ~ ' demande la clé de ' ~ ag,
            'pseudonymisez dans le staging de ' ~ ag ~ ' : une clé ne sert qu\'à son administration'
        ) }}
    {%- endif -%}
{%- endmacro %}
