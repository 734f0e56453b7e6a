{{ staging(source('conges', 'jours_feries'), [
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
    text('cliche'),
]) }}
