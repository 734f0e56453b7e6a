{{ staging(source('prisons', 'prisons'), [
    as_is('source_recu_le'),
    text('id', 'prison_id', required="identifiant absent"),
    text('kind', 'genre', known=['prison', 'detention-house'], unknown="genre d'établissement inconnu, gardé tel quel"),
    text('name_fr', 'nom'),
    text('address_street', 'adresse'),
    postal_code('address_postalcode', 'code_postal', optional="code postal illisible"),
    text('address_city', 'localite'),
    nis_code('address_municipality', 'code_nis', optional="code NIS illisible"),
]) }}
