{{ issues(source('prises_en_charge', 'prises_en_charge')) }}
