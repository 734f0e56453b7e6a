{{ issues(source('territoire', 'provinces')) }}
