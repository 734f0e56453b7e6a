{{ staging(source('communes', 'communes'), [
    nis_code('nis_code', 'code_nis', required="code NIS absent ou illisible"),
    integer('annee', required="année absente ou illisible"),
    text('municipality_nl', 'nom_nl'),
    text('municipality_fr', 'nom_fr'),
    text('arrondissement_nl'),
    text('arrondissement_fr'),
    text('province_nl'),
    text('province_fr'),
    text('region_nl'),
    text('region_fr'),
    integer('inhabitants', 'habitants', group_separators=[',', ' '], optional="nombre d'habitants illisible"),
    postal_code('zip', 'code_postal', optional="code postal illisible"),
]) }}
