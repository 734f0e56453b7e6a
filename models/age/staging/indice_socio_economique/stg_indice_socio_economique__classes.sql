{#- A class on a boundary stays: classe_basse is read whenever the cell means something. -#}
{{ staging(source('indice_socio_economique', 'indice_socio_economique'), [
    expression(
        'edition', clean_text('edition'), of='edition',
        readable="edition = 'v0' or " ~ is_integer('edition'), required="édition absente du nom du fichier"
    ),
    expression('edition_annee', to_integer("nullif(edition, 'v0')"), of='edition'),
    fase_number('etablissement', 'etablissement_id', required="numéro FASE de l'établissement absent ou illisible"),
    fase_number('implantation', 'implantation_id', required="numéro FASE de l'implantation absent ou illisible"),
    expression(
        'classe', ise_class('classe'), of='classe', readable=is_single_ise_class('classe'),
        optional="implantation à cheval sur deux classes : classe nulle, voir classe_basse et classe_haute"
    ),
    expression(
        'classe_basse', ise_class_bound('classe', 'low'), of='classe', readable=is_ise_class('classe'),
        required="classe absente, ou ni de 1 à 20 ni deux classes jointes par « et »"
    ),
    expression('classe_haute', ise_class_bound('classe', 'high'), of='classe'),
    text('classe', 'classe_texte'),
]) }}
