{{ issues(source('codes_bce', 'codes_postaux_bce')) }}
