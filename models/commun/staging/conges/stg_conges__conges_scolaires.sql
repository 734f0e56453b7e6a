{{ staging(source('conges', 'conges_scolaires'), [
    as_is('source_recu_le'),
    text('id', 'periode_id', required="identifiant absent"),
    day('startdate', 'debut', required="premier jour absent ou impossible"),
    day('enddate', 'fin', optional="dernier jour impossible"),
    text('type', 'genre'),
    expression(
        'nom',
        "case when names like 'FR %,%' then " ~ clean_text("substr(names, 4, position(',' in names) - 4)") ~ ' end',
        of='names', readable="names like 'FR %,%'", optional="nom français introuvable"
    ),
    text('names', 'noms'),
    text('ounits', 'communaute'),
    text('comments', 'remarques'),
    text('cliche'),
    as_is('corrections'),
], rows=corrected(
    source('conges', 'conges_scolaires'), 'conges.conges_scolaires', ref('corrections_commun'), key='startdate',
    columns=['id', 'country', 'startdate', 'enddate', 'type', 'names', 'ounits', 'comments', 'cliche']
)) }}
