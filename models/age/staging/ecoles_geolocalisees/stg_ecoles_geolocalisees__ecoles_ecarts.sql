{{ issues(source('ecoles_geolocalisees', 'ecoles_geolocalisees')) }}
