{{ issues(source('salles', 'occupation_salles')) }}
