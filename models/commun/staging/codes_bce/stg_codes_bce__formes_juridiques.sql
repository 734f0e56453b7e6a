{{ staging(source('codes_bce', 'formes_juridiques'), [
    code('code', 'forme_juridique_code', pattern='[0-9]{3}', required="code absent ou illisible"),
    text('label_fr', 'libelle_fr', required="libellé français absent"),
    text('label_nl', 'libelle_nl'),
    text('label_de', 'libelle_de'),
    text('label_en', 'libelle_en'),
]) }}
