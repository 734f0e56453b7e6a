{{ staging(source('agents', 'agents'), [
    code(
        'matricule', 'agent_pseudonyme', pattern='[0-9]{5}', sql=pseudonymise('{}', 'sg', 'effectifs'),
        required="matricule absent ou illisible"
    ),
    day('date_de_naissance', 'date_naissance', optional="date de naissance impossible"),
    text('grade'),
    text('administration'),
    code('bareme', pattern='[0-9]{3}/[0-9]s?', optional="échelle barémique illisible"),
    integer('anciennete', optional="ancienneté illisible"),
    decimal('temps_de_travail', 'temps_travail', precision=4, scale=2, optional="temps de travail illisible"),
    day('date_d_entree_en_fonction', 'date_entree', optional="date d'entrée impossible"),
    integer('annee', required="année illisible"),
], stored=true) }}
