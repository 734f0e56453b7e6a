{{ config(materialized='table') }}

{{ row_issues(source('points_verts', 'points_verts'), [
    required('id', is_integer('id'), "identifiant de la marche absent ou illisible"),
    required('date', is_date('date', 'yyyy-MM-dd'), "date de la marche absente ou impossible"),
    optional('latitude', is_decimal('latitude', 9, 6, round=true), "latitude illisible"),
    optional('longitude', is_decimal('longitude', 9, 6, round=true), "longitude illisible"),
    optional('c_10km', is_boolean('c_10km'), "ni Oui ni Non"),
    optional('c_15km', is_boolean('c_15km'), "ni Oui ni Non"),
    optional('adep_sante', is_boolean('adep_sante'), "ni Oui ni Non"),
    optional('balade_guidee', is_boolean('balade_guidee'), "ni Oui ni Non"),
    optional('orientation', is_boolean('orientation'), "ni Oui ni Non"),
    optional('pmr', is_boolean('pmr'), "ni Oui ni Non"),
    optional('poussettes', is_boolean('poussettes'), "ni Oui ni Non"),
    optional('ravitaillement', is_boolean('ravitaillement'), "ni Oui ni Non"),
    optional('velo', is_boolean('velo'), "ni Oui ni Non"),
    optional('vtt', is_boolean('vtt'), "ni Oui ni Non"),
    optional('extraction', is_date('extraction', 'yyyy-MM-dd'), "date de l'extraction impossible"),
    known('statut', ['OK', 'Modifié', 'Annulé'], "statut inconnu, gardé tel quel"),
]) }}
