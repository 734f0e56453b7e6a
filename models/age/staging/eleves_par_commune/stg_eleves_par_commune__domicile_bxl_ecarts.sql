{{ issues(source('eleves_par_commune', 'eleves_domicile_bxl')) }}
