{{ issues(source('prisons', 'prisons')) }}
