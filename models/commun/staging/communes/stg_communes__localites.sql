{{ staging(source('communes', 'localites'), [
    text('nom', 'localite', required="nom de la localité absent"),
    postal_code('postal', 'code_postal', required="code postal absent ou illisible"),
    nis_code('ins', 'code_nis', optional="code NIS illisible"),
]) }}
