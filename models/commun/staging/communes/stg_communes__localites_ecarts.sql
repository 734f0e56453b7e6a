{{ config(materialized='table') }}

{{ row_issues(source('communes', 'localites'), [
    required('nom', none, "nom de la localité absent"),
    required('postal', is_code('postal', '[1-9][0-9]{3}'), "code postal absent ou illisible"),
    optional('ins', is_code('ins', '[0-9]{5}'), "code NIS illisible"),
]) }}
