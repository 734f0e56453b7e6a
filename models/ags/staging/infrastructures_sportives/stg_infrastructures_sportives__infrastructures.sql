{{ staging(source('infrastructures_sportives', 'infrastructures_sportives'), [
    code('numero', pattern='IS[0-9]{4}', required="numéro absent ou illisible"),
    text('denomination'),
    text('genre'),
    text('commune', 'commune_nom'),
    integer('surface_m2', optional="surface illisible"),
    year('annee_ouverture', optional="année d'ouverture illisible"),
    yes_no('accessible_pmr', optional="ni Oui ni Non"),
    decimal('geo_point_2d_lat', 'latitude', precision=9, scale=6, round=true, optional="latitude illisible"),
    decimal('geo_point_2d_lon', 'longitude', precision=9, scale=6, round=true, optional="longitude illisible"),
    day('mis_a_jour', 'date_mise_a_jour', optional="date de mise à jour impossible"),
]) }}
