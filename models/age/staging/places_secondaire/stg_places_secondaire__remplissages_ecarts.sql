{{ issues(source('places_secondaire', 'places_secondaire')) }}
