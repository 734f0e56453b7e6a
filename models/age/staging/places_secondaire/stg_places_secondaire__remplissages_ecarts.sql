{{ config(materialized='table') }}

{{ row_issues(source('places_secondaire', 'places_secondaire'), [
    required('periode', is_code('periode', '[0-9]{4}-[0-9]{4}'), "période illisible dans le nom du fichier"),
    required('ecole', is_school_key('ecole'), "clé d'école absente ou illisible"),
    required('annee', is_places_year('valeur', 'annee'), "année absente ou illisible"),
    reject('valeur', '(' ~ clean_text('valeur') ~ ') is not null and not ' ~ is_places_icon('valeur'), "icône de statut inconnue"),
    reject(
        'fill_number',
        is_blank('valeur') ~ ' and (' ~ is_blank('fill_number') ~ ' or not ' ~ is_integer('fill_number') ~ ')',
        "statut absent ou illisible"
    ),
    optional('declared', is_code('declared', '-|[0-9]{1,9}'), "nombre de places illisible"),
    optional('received', is_code('received', '-|[0-9]{1,9}'), "nombre de demandes illisible"),
]) }}
