{{ staging(source('ecoles_attributs', 'partenariats'), [
    as_is('source_recu_le'),
    day('cliche', 'date_cliche', required="date du cliché illisible dans le nom du fichier"),
    school_key('sec', ['secondaire_etablissement_id', 'secondaire_implantation_id'], required="clé de l'école secondaire absente ou illisible"),
    school_key('prim', ['primaire_etablissement_id', 'primaire_implantation_id'], required="clé de l'école primaire absente ou illisible"),
    day('date', 'date_debut', optional="date de partenariat impossible"),
]) }}
