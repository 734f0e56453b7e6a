{{ config(materialized='table') }}

{{ row_issues(source('codes_bce', 'codes_postaux_bce'), [
    required('code', is_code('code', '[1-9][0-9]{3}'), "code postal absent ou illisible"),
    required('label_fr', none, "libellé français absent"),
]) }}
