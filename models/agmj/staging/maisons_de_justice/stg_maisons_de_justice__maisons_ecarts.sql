{{ issues(source('maisons_de_justice', 'maisons_de_justice')) }}
