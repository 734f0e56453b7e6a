{{ staging(source('mandats', 'mandats'), [
    text(
        'n_de_mandat', 'mandat_pseudonyme', sql=pseudonymise('{}', 'agmj', 'suivi'),
        required="numéro de mandat absent"
    ),
    text(
        'identifiant_du_justiciable', 'justiciable_pseudonyme', sql=pseudonymise('{}', 'agmj', 'suivi'),
        required="identifiant du justiciable absent"
    ),
    text('maison_de_justice', 'maison_de_justice_id', required="maison de justice absente"),
    text('type_de_mandat', 'type_mandat'),
    text('autorite_mandante'),
    postal_code(
        'code_postal_du_domicile', 'zone_postale', sql=mask('{}', keep=2), optional="code postal illisible"
    ),
    day('date_de_reception', 'date_reception', required="date de réception absente ou impossible"),
    day('date_de_cloture', 'date_cloture', optional="date de clôture impossible"),
    text('motif_de_cloture', 'motif_cloture'),
    integer('annee', required="année illisible"),
], stored=true) }}
