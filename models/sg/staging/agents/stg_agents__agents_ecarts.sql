{{ issues(source('agents', 'agents')) }}
