{{ config(materialized='table') }}

{{ row_issues(source('index', 'index_traitements'), [
    required('valid_since', is_date('valid_since', 'dd/MM/yyyy'), "date d'application absente ou impossible"),
    required('index', is_decimal('index', 8, 4, decimal_separator=','), "coefficient absent ou illisible"),
    optional('rank', is_integer('rank'), "rang illisible"),
    optional('liste', is_date('liste', 'yyyy-MM-dd'), "date de la liste impossible"),
]) }}
