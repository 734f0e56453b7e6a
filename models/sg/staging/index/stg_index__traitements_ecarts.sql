{{ issues(source('index', 'index_traitements')) }}
