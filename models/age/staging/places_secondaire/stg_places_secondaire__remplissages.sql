{#- « - » means that nothing was declared or received: null, and no écart. -#}
{{ staging(source('places_secondaire', 'places_secondaire'), [
    as_is('source_recu_le'),
    code('periode', pattern='[0-9]{4}-[0-9]{4}', required="période illisible dans le nom du fichier"),
    expression('periode_fin', to_integer('substr(periode, 6, 4)'), of='periode'),
    school_key('ecole', ['etablissement_id', 'implantation_id'], required="clé d'école absente ou illisible"),
    expression(
        'annee', places_year('valeur', 'annee', 'periode'), of='annee',
        readable=is_places_year('valeur', 'annee'), required="année absente ou illisible"
    ),
    expression('statut', places_status('valeur', 'fill_number'), of='fill_number', required=[
        reject(
            'valeur',
            '(' ~ clean_text('valeur') ~ ') is not null and not ' ~ is_places_icon('valeur'),
            "icône de statut inconnue"
        ),
        reject(
            'fill_number',
            is_blank('valeur') ~ ' and (' ~ is_blank('fill_number') ~ ' or not ' ~ is_integer('fill_number') ~ ')',
            "statut absent ou illisible"
        ),
    ]),
    expression(
        'places_declarees', to_integer('declared'), of='declared',
        readable=is_code('declared', '-|[0-9]{1,9}'), optional="nombre de places illisible"
    ),
    expression(
        'demandes_recues', to_integer('received'), of='received',
        readable=is_code('received', '-|[0-9]{1,9}'), optional="nombre de demandes illisible"
    ),
]) }}
