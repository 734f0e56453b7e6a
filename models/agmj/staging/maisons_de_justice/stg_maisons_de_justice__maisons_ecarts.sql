{{ config(materialized='table') }}

{{ row_issues(source('maisons_de_justice', 'maisons_de_justice'), [
    required('id', none, "identifiant absent"),
    optional('address_postalcode', is_code('address_postalcode', '[1-9][0-9]{3}'), "code postal illisible"),
    optional('address_municipality', is_code('address_municipality', '[0-9]{5}'), "code NIS illisible"),
    known('community', ['french', 'flemish', 'german'], "communauté inconnue, gardée telle quelle"),
]) }}
