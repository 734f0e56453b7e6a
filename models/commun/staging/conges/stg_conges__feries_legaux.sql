{{ staging(source('conges', 'feries_legaux'), [
    text('id', 'ferie_id', required="identifiant absent"),
    text('name_fr', 'nom_fr'),
    text('name_nl', 'nom_nl'),
    text('name_de', 'nom_de'),
    code('rule_type', 'regle', pattern='fixed|easter', required="règle absente ou inconnue"),
    integer('rule_month', 'mois', optional="mois illisible"),
    integer('rule_day', 'jour_du_mois', optional="jour illisible"),
    integer('rule_daysaftereaster', 'jours_apres_paques', optional="nombre de jours illisible"),
]) }}
