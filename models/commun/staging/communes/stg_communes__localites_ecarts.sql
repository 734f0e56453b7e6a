{{ issues(source('communes', 'localites')) }}
