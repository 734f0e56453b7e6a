{{ issues(source('population_scolaire', 'population_scolaire')) }}
