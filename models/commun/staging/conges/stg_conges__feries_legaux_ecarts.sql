{{ issues(source('conges', 'feries_legaux')) }}
