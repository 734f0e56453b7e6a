{{ issues(source('ecoles_attributs', 'bce_et_dates')) }}
