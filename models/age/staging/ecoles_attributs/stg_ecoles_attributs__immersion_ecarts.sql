{{ issues(source('ecoles_attributs', 'immersion')) }}
