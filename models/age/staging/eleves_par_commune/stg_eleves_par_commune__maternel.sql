{{ staging(source('eleves_par_commune', 'eleves_maternel'), [
    year('annee', required="année illisible dans le nom du fichier"),
    nis_code('nis', 'code_nis', required="code NIS absent ou illisible"),
    text('nom', 'commune_nom'),
    integer('eleves', 'nombre_eleves', required="nombre d'élèves absent ou illisible"),
], rules=[exclude('nis', is_code('nis', '3000'), "total de la Wallonie")]) }}
