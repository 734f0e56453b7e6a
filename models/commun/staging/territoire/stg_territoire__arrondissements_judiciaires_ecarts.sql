{{ issues(source('territoire', 'arrondissements_judiciaires')) }}
