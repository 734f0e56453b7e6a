{{ issues(source('indice_socio_economique', 'indice_socio_economique')) }}
