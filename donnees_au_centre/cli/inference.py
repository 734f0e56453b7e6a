"""The types of received columns, guessed from the rows of the raw table: what `new-model` writes first."""

from __future__ import annotations

from collections import Counter

import psycopg
from psycopg import sql

from donnees_au_centre.discovery.typings import Typing, guess
from donnees_au_centre.project.nodes import Source

# Rows that are looked at.
ROWS = 100_000


def guess_types(connection: psycopg.Connection, node: Source, columns: list[str]) -> dict[str, Typing]:
    """The typing of each column of a raw table; empty when the table is not there, or has no row.

    Args:
        connection: to the database of the landing zone.
        node: the source table, of the manifest.
        columns: the received columns.
    """
    relation = sql.Identifier(node.schema, node.relation)
    found = connection.execute("select to_regclass(%s)", [relation.as_string(connection)]).fetchone()
    if (
        found == (None,)
        or connection.execute(sql.SQL("select 1 from {} limit 1").format(relation)).fetchone() is None
    ):
        return {}
    query = sql.SQL("select {0}, count(*) from (select {0} from {1} limit {2}) as lues group by {0}")
    return {
        column: guess(
            column,
            Counter(
                dict(connection.execute(query.format(sql.Identifier(column), relation, ROWS)).fetchall())
            ),
        )
        for column in columns
    }
