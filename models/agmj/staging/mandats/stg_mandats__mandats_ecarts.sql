{{ issues(source('mandats', 'mandats')) }}
