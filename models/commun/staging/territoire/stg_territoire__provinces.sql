{{ staging(source('territoire', 'provinces'), [
    nis_code('id', 'code_nis', required="code NIS absent ou illisible"),
    text('name_fr', 'nom_fr', required="nom français absent"),
    text('name_nl', 'nom_nl'),
    text('name_de', 'nom_de'),
    nis_code('region', 'region_code', optional="code de la région illisible"),
]) }}
