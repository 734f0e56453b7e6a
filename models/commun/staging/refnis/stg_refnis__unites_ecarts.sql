{{ config(materialized='table') }}

{{ row_issues(source('refnis', 'refnis'), [
    required('lvl_refnis', is_code('lvl_refnis', '[1-4]'), "niveau absent ou inconnu"),
    required('cd_refnis', is_code('cd_refnis', '[0-9]{5}'), "code NIS absent ou illisible"),
    required('dt_vldt_start', is_date('dt_vldt_start', 'dd/MM/yyyy'), "début de validité absent ou impossible"),
    required('dt_vldt_end', is_date('dt_vldt_end', 'dd/MM/yyyy'), "fin de validité absente ou impossible"),
    required('tx_refnis_fr', none, "nom français absent"),
    optional('edition', is_date(dbt.concat(['edition', "'-01'"]), 'yyyy-MM-dd'), "mois de l'édition impossible"),
    optional(
        'cd_sup_refnis',
        is_code('cd_sup_refnis', '[0-9]{5}') ~ ' or ' ~ is_code('cd_sup_refnis', '-'),
        "code de l'unité supérieure illisible"
    ),
]) }}
