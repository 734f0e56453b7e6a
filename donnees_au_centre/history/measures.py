"""What is measured of the data after a build: counts and shares, never a value of a row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import psycopg

from donnees_au_centre.history.stable import read_stable
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.summary.collect import read_sources

# Measures of a source table: files and rows in it; lines that could not be read, that staging rejected or
# excluded; cells that it emptied. The last four also by reason: « rejets : date : absente ».
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
    connection: psycopg.Connection, manifest: Manifest, played: Collection[str]
) -> list[Measure]:
    """Measures what a build has just made.

    Args:
        connection: in a transaction, by the account that built.
        played: unique ids of the nodes that ran.

    Raises:
        psycopg.Error: a table cannot be read.
    """
    domains = {node.domain for unique_id in played if (node := manifest.find(unique_id))}
    found = []
    for source in read_sources(connection, manifest, domains):
        # What was measured of its rows before they changed stands until they are typed.
        if source.outdated:
            continue
        totals = {FILES: source.files, ROWS: source.rows}
        counts = (source.unreadable, source.rejected, source.excluded, source.anomalies)
        for kind, reasons in zip(ASIDE, counts, strict=True):
            totals[kind] = sum(reasons.values())
            totals |= {f"{kind} : {reason}": lines for reason, lines in reasons.items()}
        found += [Measure(source.unique_id, name, value) for name, value in totals.items()]
    found += [Measure(*one) for one in read_stable(connection, manifest, played)]
    return found
