{{ staging(source('index', 'index_traitements'), [
    as_is('source_recu_le'),
    day('valid_since', 'applicable_depuis', pattern='dd/MM/yyyy', required="date d'application absente ou impossible"),
    decimal('index', 'coefficient', precision=8, scale=4, decimal_separator=',', required="coefficient absent ou illisible"),
    integer('rank', 'rang', optional="rang illisible"),
    day('liste', 'date_liste', optional="date de la liste impossible"),
]) }}
