{{ staging(source('ecoles_geolocalisees', 'ecoles_geolocalisees'), [
    as_is('source_recu_le'),
    day('cliche', 'date_cliche', required="date du cliché illisible dans le nom du fichier"),
    expression(
        'niveau', "case niveau when 'primary' then 'Primaire' when 'secondary' then 'Secondaire' end", of='niveau',
        readable="niveau in ('primary', 'secondary')", required="liste d'écoles inconnue"
    ),
    school_key('id', ['etablissement_id', 'implantation_id'], required="clé d'école absente ou illisible"),
    text('name', 'nom'),
    text('address', 'adresse'),
    text('city', 'commune_nom'),
    text('network', 'reseau', known=school_networks(), unknown="réseau inconnu, gardé tel quel"),
    decimal('geo_lat', 'latitude', precision=9, scale=6, round=true, optional="latitude illisible"),
    decimal('geo_lon', 'longitude', precision=9, scale=6, round=true, optional="longitude illisible"),
    day('date', 'date_debut', optional="date de début impossible"),
    school_key('partenaria_id', ['partenaire_etablissement_id', 'partenaire_implantation_id'], optional="clé de l'école partenaire illisible"),
    day('partenaria_date', 'partenariat_debut', optional="date de partenariat impossible"),
    integer('ise', 'classe_ise', optional="classe illisible"),
    text('immersion', 'langues_immersion'),
]) }}
