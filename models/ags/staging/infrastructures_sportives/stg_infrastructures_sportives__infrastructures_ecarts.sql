{{ issues(source('infrastructures_sportives', 'infrastructures_sportives')) }}
