{{ staging(source('salles', 'occupation_salles'), [
    integer('id', 'occupation_id', required="numéro de la ligne absent ou illisible"),
    text('batiment'),
    text('salle', required="salle absente"),
    day('mois', 'debut_mois', required="mois absent ou impossible"),
    integer('reservations', required="nombre de réservations absent ou illisible"),
    decimal('heures_reservees', precision=8, scale=2, optional="heures réservées illisibles"),
    decimal('heures_ouvertes', precision=8, scale=2, optional="heures ouvertes illisibles"),
], rules=[exclude('batiment', clean_text('batiment') ~ " = 'TOTAL'", "ligne de total")]) }}
