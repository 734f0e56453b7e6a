-- Played once, when the server is made: the history of Dagster beside the marts.
create database dagster;
