{{ issues(source('territoire', 'regions')) }}
