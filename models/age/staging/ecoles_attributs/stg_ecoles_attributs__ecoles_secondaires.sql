{{ staging(source('ecoles_attributs', 'ecoles_secondaires'), [
    as_is('source_recu_le'),
    day('cliche', 'date_cliche', required="date du cliché illisible dans le nom du fichier"),
    school_key('ecole', ['etablissement_id', 'implantation_id'], required="clé d'école absente ou illisible"),
]) }}
