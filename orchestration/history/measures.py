"""What is measured of the data after a build: counts and shares, never a value of a row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import jinja2
import psycopg
from psycopg import sql

from orchestration.manifest.nodes import domain_of, node_of
from orchestration.summary.collect import read_sources

# The generic test that compares a measure of a mart with its past, and the macros that say what it measures.
STABLE = "stable_measure"
EXPRESSION, NAME = "measure_expression", "measure_name"
# Measures of a source table: files and rows in it, then lines that could not be read, that staging rejected or
# excluded, and cells that it emptied. The last four are also counted by reason: « rejets : date : absente ».
FILES, ROWS = "fichiers", "lignes"
ASIDE = ("illisibles", "rejets", "exclusions", "anomalies")


@dataclass(frozen=True)
class Measure:
    """One number.

    Attributes:
        unique_id: dbt's, of what was measured.
        name: of the measure.
        value: in the measure's own unit.
    """

    unique_id: str
    name: str
    value: float


def read_measures(
    connection: psycopg.Connection, manifest: Mapping[str, Any], played: Collection[str]
) -> list[Measure]:
    """Measures what a build has just made.

    Args:
        connection: in a transaction, by the account that built.
        manifest: the content of manifest.json.
        played: unique ids of the nodes that ran.

    Raises:
        psycopg.Error: a table cannot be read.
    """
    domains = set()
    for unique_id in played:
        try:
            domains.add(domain_of(node_of(manifest, unique_id)))
        except KeyError:
            continue
    found = []
    for source in read_sources(connection, manifest, domains):
        totals = {FILES: source.files, ROWS: source.rows}
        counts = (source.unreadable, source.rejected, source.excluded, source.anomalies)
        for kind, reasons in zip(ASIDE, counts, strict=True):
            totals[kind] = sum(reasons.values())
            totals |= {f"{kind} : {reason}": lines for reason, lines in reasons.items()}
        found += [Measure(source.unique_id, name, value) for name, value in totals.items()]
    return found + _read_stable(connection, manifest, played)


def _read_stable(
    connection: psycopg.Connection, manifest: Mapping[str, Any], played: Collection[str]
) -> list[Measure]:
    """The measures that the tests of this run compare with their past; one query a table."""
    wanted: dict[str, dict[str, str]] = defaultdict(dict)
    for unique_id in played:
        test = manifest["nodes"].get(unique_id) or {}
        metadata = test.get("test_metadata") or {}
        if metadata.get("name") == STABLE:
            arguments = metadata["kwargs"]["measure"], metadata["kwargs"].get("column_name")
            macros = {
                macro["name"]: macro["macro_sql"]
                for macro in manifest["macros"].values()
                if macro["name"] in (EXPRESSION, NAME) and macro["package_name"] == test["package_name"]
            }
            name = _rendered(macros, NAME, *arguments)
            wanted[test["attached_node"]][name] = _rendered(macros, EXPRESSION, *arguments)
    found = []
    for unique_id, expressions in sorted(wanted.items()):
        node = node_of(manifest, unique_id)
        query = sql.SQL("select {} from {}").format(
            sql.SQL(", ").join(
                sql.SQL("cast({} as double precision)").format(sql.SQL(expression))
                for expression in expressions.values()
            ),
            sql.Identifier(node["schema"], node["alias"]),
        )
        try:
            with connection.transaction():
                values = connection.execute(query).fetchone() or ()
        except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedColumn):
            continue
        found += [
            Measure(unique_id, name, value)
            for name, value in zip(expressions, values, strict=True)
            if value is not None
        ]
    return found


def _rendered(macros: Mapping[str, str], macro: str, measure: str, column: str | None) -> str:
    """What the project's own macro writes, so that the test and the history measure the same thing."""
    template = jinja2.Environment(autoescape=False).from_string(macros[macro])
    return str(getattr(template.module, macro)(measure, column)).strip()
