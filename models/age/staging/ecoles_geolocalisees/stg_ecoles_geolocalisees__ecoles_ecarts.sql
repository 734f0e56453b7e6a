{{ config(materialized='table') }}

{{ row_issues(source('ecoles_geolocalisees', 'ecoles_geolocalisees'), [
    required('cliche', is_date('cliche', 'yyyy-MM-dd'), "date du cliché illisible dans le nom du fichier"),
    required('niveau', "niveau in ('primary', 'secondary')", "liste d'écoles inconnue"),
    required('id', is_school_key('id'), "clé d'école absente ou illisible"),
    optional('geo_lat', is_decimal('geo_lat', 9, 6, round=true), "latitude illisible"),
    optional('geo_lon', is_decimal('geo_lon', 9, 6, round=true), "longitude illisible"),
    optional('date', is_date('date', 'yyyy-MM-dd'), "date de début impossible"),
    optional('partenaria_id', is_school_key('partenaria_id'), "clé de l'école partenaire illisible"),
    optional('partenaria_date', is_date('partenaria_date', 'yyyy-MM-dd'), "date de partenariat impossible"),
    optional('ise', is_integer('ise'), "classe illisible"),
    known('network', school_networks(), "réseau inconnu, gardé tel quel"),
]) }}
