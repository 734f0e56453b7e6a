{{ staging(source('ecoles_attributs', 'bce_et_dates'), [
    as_is('source_recu_le'),
    day('cliche', 'date_cliche', required="date du cliché illisible dans le nom du fichier"),
    bce_number('identifier', 'numero_bce', required="numéro BCE absent ou faux (chiffres de contrôle)"),
    day('startdate', 'date_debut', pattern='dd-MM-yyyy', optional="date de début impossible"),
]) }}
