{{ issues(source('baremes', 'baremes')) }}
