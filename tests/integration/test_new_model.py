"""What `new-model` reads in the database."""

from __future__ import annotations

import psycopg

from donnees_au_centre.cli.new_model import read_columns
from donnees_au_centre.project.nodes import Node


def test_a_numeric_column_always_gets_a_precision(database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "create table int_x as select * from (values "
            "  (1, 1.5::numeric(10, 2), 50.849553, 1.0 / 3, null::numeric, 'NaN'::numeric),"
            "  (2, 2.5::numeric(10, 2), 4.3,       2,       null,          1e-30)"
            ") as t (id, montant, latitude, part, vide, infime)"
        )
        node = Node({"name": "int_x", "schema": "public", "alias": "int_x", "columns": {}})
        columns, key = read_columns(connection, node)
    assert key == "id"
    assert {column.name: column.data_type for column in columns} == {
        "id": "integer",
        "montant": "numeric(10,2)",
        "latitude": "numeric(38, 6)",
        "part": "numeric(38, 20)",
        "vide": "numeric(38, 10)",
        "infime": "numeric(38, 20)",
    }
