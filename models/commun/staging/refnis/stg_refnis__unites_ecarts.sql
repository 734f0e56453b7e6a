{{ issues(source('refnis', 'refnis')) }}
