{{ staging(source('population_scolaire', 'population_scolaire'), [
    school_year('annee_scolaire', required="année scolaire absente ou illisible"),
    fase_number('n_fase_de_l_etablissement', 'etablissement_id', required="numéro FASE de l'établissement absent ou illisible"),
    fase_number('n_fase_de_l_implantation', 'implantation_id', required="numéro FASE de l'implantation absent ou illisible"),
    text('niveau', required="niveau absent", known=['Maternel', 'Primaire', 'Secondaire'], unknown="niveau inconnu, gardé tel quel"),
    text('genre', required="genre absent", known=['Ordinaire', 'Spécialisé'], unknown="genre inconnu, gardé tel quel"),
    integer('annee_d_etudes', 'annee_etudes', required="année d'études absente ou illisible"),
    text('sexe', required="sexe absent", known=['F', 'M'], unknown="sexe inconnu, gardé tel quel"),
    integer('nombre_d_eleves', 'nombre_eleves', required="nombre d'élèves absent ou illisible"),
], rules=[
    exclude('n_fase_de_l_implantation', is_code('n_fase_de_l_implantation', '[Tt][Oo][Tt][Aa][Ll]'), "ligne de total"),
], stored=true) }}
