{{ staging(source('maisons_de_justice', 'maisons_de_justice'), [
    as_is('source_recu_le'),
    text('id', 'maison_de_justice_id', required="identifiant absent"),
    text('community', 'communaute', known=['french', 'flemish', 'german'], unknown="communauté inconnue, gardée telle quelle"),
    text('name_fr', 'nom', sql='coalesce({}, ' ~ clean_text('name_nl') ~ ')'),
    text('address_street', 'adresse'),
    postal_code('address_postalcode', 'code_postal', optional="code postal illisible"),
    text('address_city', 'localite'),
    nis_code('address_municipality', 'code_nis', optional="code NIS illisible"),
    text('website_fr', 'page_web', sql='coalesce({}, ' ~ clean_text('website_nl') ~ ')'),
]) }}
