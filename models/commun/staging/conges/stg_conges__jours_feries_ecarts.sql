{{ issues(source('conges', 'jours_feries')) }}
