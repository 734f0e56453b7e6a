{{ config(materialized='table') }}

{{ issues(source('ecoles_attributs', 'immersion')) }}
