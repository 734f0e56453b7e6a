{{ staging(source('population', 'population'), [
    integer('annee', required="année absente ou illisible"),
    nis_code('nis', 'code_nis', required="code NIS absent ou illisible"),
    code('sex', 'sexe', pattern='[FM]', required="sexe absent ou autre que F et M"),
    integer('age', 'classe_age', required="classe d'âge absente ou illisible"),
    integer('quantity', 'habitants', required="nombre d'habitants absent ou illisible"),
], rules=[
    exclude(
        'nis', is_code('nis', '(0[1-4]|[1-9][0-9])000|2000[12]'),
        "total d'un arrondissement, d'une province ou d'une région"
    ),
]) }}
