{{ issues(source('ecoles_attributs', 'ecoles_secondaires')) }}
