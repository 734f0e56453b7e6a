{{ config(materialized='table') }}

{{ issues(source('signaletique_fase', 'signaletique_fase')) }}
