"""The measures of marts that the generic test `stable_measure` compares with their past."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from functools import lru_cache

import jinja2
import psycopg
from psycopg import sql

from donnees_au_centre.project.nodes import DataTest, Manifest

TEST = "stable_measure"
# The project's macros that say what is measured, and under which name.
EXPRESSION, NAME = "measure_expression", "measure_name"


def read_stable(
    connection: psycopg.Connection, manifest: Manifest, played: Collection[str]
) -> Iterator[tuple[str, str, float]]:
    """Measures what the tests of a run look at; one query a table.

    Args:
        connection: in a transaction, by the account that built.
        played: unique ids of the nodes that ran.

    Yields:
        The mart's unique id, the measure's name and its value; nothing for a value that is null.

    Raises:
        psycopg.Error: a table cannot be read.
    """
    wanted: dict[str, dict[str, str]] = defaultdict(dict)
    for unique_id in played:
        test = manifest.nodes.get(unique_id)
        if isinstance(test, DataTest) and test.generic == TEST and test.tested_id:
            name, expression = measure_of(manifest, test)
            wanted[test.tested_id][name] = expression
    for unique_id, expressions in sorted(wanted.items()):
        node = manifest.node(unique_id)
        query = sql.SQL("select {} from {}").format(
            sql.SQL(", ").join(
                sql.SQL("cast({} as double precision)").format(sql.SQL(expression))
                for expression in expressions.values()
            ),
            sql.Identifier(node.schema, node.relation),
        )
        values = connection.execute(query).fetchone() or ()
        for name, value in zip(expressions, values, strict=True):
            if value is not None:
                yield unique_id, name, value


def measure_of(manifest: Manifest, test: DataTest) -> tuple[str, str]:
    """Name and SQL by the project's own macros, so that the test and its readers measure the same thing."""
    found = []
    for wanted in (NAME, EXPRESSION):
        macro = _macro(manifest.macros[f"macro.{test.package}.{wanted}"].sql, wanted)
        found.append(str(macro(test.arguments["measure"], test.arguments.get("column_name"))).strip())
    return found[0], found[1]


@lru_cache(maxsize=8)
def _macro(text: str, name: str) -> Callable[..., object]:
    macro: Callable[..., object] = getattr(
        jinja2.Environment(autoescape=False).from_string(text).module, name
    )
    return macro
