{{ staging(source('territoire', 'regions'), [
    nis_code('id', 'code_nis', required="code NIS absent ou illisible"),
    text('name_fr', 'nom_fr', required="nom français absent"),
    text('name_nl', 'nom_nl'),
    text('name_de', 'nom_de'),
]) }}
