{{ issues(source('signaletique_fase', 'signaletique_fase')) }}
