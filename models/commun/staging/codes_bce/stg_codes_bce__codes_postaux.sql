{{ staging(source('codes_bce', 'codes_postaux_bce'), [
    postal_code('code', 'code_postal', required="code postal absent ou illisible"),
    text('label_fr', 'libelle_fr', required="libellé français absent"),
    text('label_nl', 'libelle_nl'),
    text('label_de', 'libelle_de'),
    text('label_en', 'libelle_en'),
]) }}
