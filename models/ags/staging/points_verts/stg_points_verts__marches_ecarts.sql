{{ config(materialized='table') }}

{{ issues(source('points_verts', 'points_verts')) }}
