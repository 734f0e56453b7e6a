{{ staging(source('territoire', 'arrondissements_judiciaires'), [
    text('id', 'arrondissement_judiciaire_id', required="identifiant absent"),
    text('name_fr', 'nom_fr', required="nom français absent"),
    text('name_nl', 'nom_nl'),
    text('name_de', 'nom_de'),
    text('judicialarea', 'ressort'),
]) }}
