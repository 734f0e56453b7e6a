{{ issues(source('cadastre_subventions', 'cadastre_subventions')) }}
