{{ issues(source('population', 'population')) }}
