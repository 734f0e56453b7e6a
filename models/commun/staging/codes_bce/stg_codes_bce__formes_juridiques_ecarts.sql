{{ config(materialized='table') }}

{{ row_issues(source('codes_bce', 'formes_juridiques'), [
    required('code', is_code('code', '[0-9]{3}'), "code absent ou illisible"),
    required('label_fr', none, "libellé français absent"),
]) }}
