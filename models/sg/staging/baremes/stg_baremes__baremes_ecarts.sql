{{ config(materialized='table') }}

{{ row_issues(source('baremes', 'baremes'), [
    required('echelle', none, "échelle absente"),
    required('anciennete', is_integer('anciennete'), "ancienneté absente ou illisible"),
    required('bareme', is_decimal('bareme', 12, 2), "montant absent ou illisible"),
]) }}
