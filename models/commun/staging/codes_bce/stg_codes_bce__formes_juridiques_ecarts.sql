{{ issues(source('codes_bce', 'formes_juridiques')) }}
