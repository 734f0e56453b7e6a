{{ staging(source('baremes', 'baremes'), [
    as_is('source_recu_le'),
    text('echelle', required="échelle absente"),
    integer('anciennete', required="ancienneté absente ou illisible"),
    decimal('bareme', 'montant_annuel', precision=12, scale=2, required="montant absent ou illisible"),
]) }}
