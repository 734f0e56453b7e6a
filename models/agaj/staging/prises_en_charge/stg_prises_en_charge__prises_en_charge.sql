{{ staging(source('prises_en_charge', 'prises_en_charge'), [
    text(
        'n_de_prise_en_charge', 'prise_en_charge_pseudonyme', sql=pseudonymise('{}', 'agaj', 'suivi'),
        required="numéro de prise en charge absent"
    ),
    text(
        'identifiant_du_jeune', 'jeune_pseudonyme', sql=pseudonymise('{}', 'agaj', 'suivi'),
        required="identifiant du jeune absent"
    ),
    day('date_de_naissance', 'date_naissance', pattern='dd/MM/yyyy', optional="date de naissance illisible"),
    code('sexe', pattern='[FMX]', optional="ni F, ni M, ni X"),
    text('n_d_agrement_du_service', 'service_agrement'),
    text('service_agree', 'service_nom'),
    code('code_nis_de_la_commune', 'code_nis', pattern='[1-9][0-9]{4}', optional="code NIS illisible"),
    text('type_de_mesure', 'type_mesure'),
    day('date_de_debut', 'date_debut', pattern='dd/MM/yyyy', required="début absent ou impossible"),
    day('date_de_fin', 'date_fin', pattern='dd/MM/yyyy', optional="fin impossible"),
    integer('annee', required="année illisible"),
], stored=true) }}
