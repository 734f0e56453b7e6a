{{ issues(source('conges', 'conges_scolaires'), rows=corrected(
    source('conges', 'conges_scolaires'), 'conges.conges_scolaires', ref('corrections_commun'), key='startdate',
    columns=['id', 'country', 'startdate', 'enddate', 'type', 'names', 'ounits', 'comments', 'cliche']
)) }}
