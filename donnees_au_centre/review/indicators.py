"""The published measures of marts, before and after."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
from psycopg import sql

from donnees_au_centre.history.stable import TEST, measure_of
from donnees_au_centre.project.nodes import DataTest, Manifest, Node
from donnees_au_centre.review.comparison import Table

# How the history names a measure -> how a reader does.
SAID = {
    "moyenne": "moyenne de {}",
    "total": "total de {}",
    "part_remplie": "part remplie de {}",
    "distinctes": "valeurs différentes de {}",
    "lignes": "nombre de lignes",
}
# Those that count rows or values, and tell of few when they are small.
COUNTS = ("lignes", "distinctes")
# The one that is a part of the rows.
SHARE = "part_remplie"
_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
# Numbers that nobody adds up: they name, place or date; and those of which the mean says more than the sum.
_NAMES = re.compile(
    r"(^|_)(id|annee|mois|jour|semaine|trimestre|numero|code|cle|rang|ordre|version|edition|latitude|longitude|"
    r"x|y|classe|age|heure)(_|$)"
)
_SHARES = re.compile(r"(^|_)(part|taux|pourcentage|moyenne|moyen|indice|ratio|mediane)(_|$)")


@dataclass(frozen=True)
class Indicator:
    """One measure of a mart on both sides; values as they are, to be told through `discretion`.

    Attributes:
        measure: `moyenne`, `total`…, as macros/testing/measure_expression.sql names it.
        column: that is measured; empty for rows.
        before, after: None where there is nothing to measure.
        declared: True when a test of the mart follows it.
    """

    measure: str
    column: str
    before: float | None
    after: float | None
    declared: bool

    @property
    def moves(self) -> bool:
        """True when it is another value, beyond what computers round."""
        if self.before is None or self.after is None:
            return self.before != self.after
        return abs(self.after - self.before) > 1e-9 * max(abs(self.before), abs(self.after))

    @property
    def said(self) -> str:
        """`total de places`."""
        return SAID.get(self.measure, f"{self.measure} de {{}}").format(self.column)


def read_indicators(
    connection: psycopg.Connection,
    manifests: tuple[Manifest, Manifest],
    mart: Node,
    tables: tuple[Table | None, Table | None],
    key: tuple[str, ...],
) -> list[Indicator]:
    """Measures a mart on both sides; one query a side.

    Args:
        connection: within `comparison.reading`.
        manifests: before and after.
        tables: of the mart, before and after.
        key: the columns of its key, which are not measured.

    Raises:
        psycopg.Error: a table cannot be read.
    """
    declared = {name: text for one in manifests for name, text in _declared(one, mart.unique_id)}
    measures = declared | {
        name: text
        for name, text in _sums(tables, key, mart)
        if name.partition(" ")[2] not in _columns(declared)
    }
    # What one side alone has is a column or a mart that comes or goes, and is told as such.
    measures = {
        name: text
        for name, text in measures.items()
        if all(table and ((column := _parts(name)[1]) in table.types or not column) for table in tables)
    }
    values = [_measured(connection, table, measures) for table in tables if table and measures] or [{}, {}]
    return [
        Indicator(*_parts(name), values[0].get(name), values[1].get(name), name in declared)
        for name in measures
    ]


def _parts(name: str) -> tuple[str, str]:
    measure, _, column = name.partition(" ")
    return measure, column


def _columns(measures: Mapping[str, str]) -> set[str]:
    """Those of which a mean or a sum is followed already."""
    return {column for measure, column in map(_parts, measures) if measure in ("moyenne", "total")}


def _declared(manifest: Manifest, mart: str) -> Iterator[tuple[str, str]]:
    """What the tests of a mart follow: name, SQL."""
    for test in manifest.tests:
        if isinstance(test, DataTest) and test.generic == TEST and test.tested_id == mart:
            yield measure_of(manifest, test)


def _sums(
    tables: tuple[Table | None, Table | None], key: tuple[str, ...], mart: Node
) -> Iterator[tuple[str, str]]:
    """What a facts table counts and no test follows: the numbers that can be added up, or have a mean."""
    if not mart.name.startswith("fct_"):
        return
    types = {name: kind for table in tables if table for name, kind in table.types.items()}
    for name, kind in types.items():
        if kind in _NUMBERS and name not in key and not _NAMES.search(name):
            column = sql.Identifier(name).as_string(None)
            measure, how = ("moyenne", "avg") if _SHARES.search(name) else ("total", "sum")
            yield f"{measure} {name}", f"{how}({column})"


def _measured(connection: psycopg.Connection, table: Table, measures: Mapping[str, str]) -> dict[str, float]:
    """The measures of a table that have a value."""
    query = sql.SQL("select {} from {}").format(
        sql.SQL(", ").join(
            sql.SQL("cast({} as double precision)").format(sql.SQL(text)) for text in measures.values()
        ),
        table.identifier,
    )
    found = connection.execute(query).fetchone() or ()
    return {name: value for name, value in zip(measures, found, strict=True) if value is not None}
