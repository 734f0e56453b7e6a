{{ issues(source('ecoles_attributs', 'partenariats')) }}
