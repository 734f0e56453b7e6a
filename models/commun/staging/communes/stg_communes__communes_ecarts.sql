{{ issues(source('communes', 'communes')) }}
