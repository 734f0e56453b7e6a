{{ config(materialized='table') }}

{{ issues(source('mandats', 'mandats')) }}
