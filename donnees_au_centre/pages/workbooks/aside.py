"""What was put aside of a source (refused, unreadable, made null), as the steward's role reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.landing.rejects import MOTIFS, OUT_OF_TABLE
from donnees_au_centre.landing.tables import REJECTS_TABLE
from donnees_au_centre.pages.workbooks.lines import Line, mark_of, numbered
from donnees_au_centre.pages.workbooks.reader import Reader, only
from donnees_au_centre.project.nodes import ISSUES_SUFFIX, Manifest, Node
from donnees_au_centre.quality.facts import Received

LIMIT = 500
NATURES = {"rejet": "Ligne refusée", "anomalie": "Valeur vidée"}
UNREADABLE = "Ligne illisible"
# Columns of the écarts models, in this order.
COLUMNS = ("source_fichier", "source_ligne", "nature", "colonne", "valeur_brute", "motif")
CORRECT = "Faites corriger le fichier chez qui l'envoie, puis redéposez-le : il remplace le précédent."


@dataclass(frozen=True)
class Aside:
    """What was put aside of a source table.

    Attributes:
        source: of the declaration.
        lines: those listed, LIMIT at most.
        total: of all that could be counted.
        readable: of those that the role may read.
        obstacle: why nothing is listed, in French; "" when nothing prevents it.
    """

    source: Received
    lines: tuple[Line, ...]
    total: int
    readable: int
    obstacle: str

    @property
    def hidden(self) -> int:
        """What the role may not read."""
        return max(0, self.total - self.readable)


def look_aside(reader: Reader, source: Received) -> Aside:
    """What was put aside of one source table."""
    lines: list[Line] = []
    total = readable = 0
    try:
        for model in _models(reader.manifest, source.unique_id):
            counted, read, found = _issues(reader, source, model, LIMIT - len(lines))
            total, readable = total + counted, readable + read
            lines += found
        counted, read, found = _unreadable(reader, source, LIMIT - len(lines))
    except psycopg.Error:
        # Its message may quote a row.
        obstacle = "Les écarts n'ont pas pu être lus : prévenez l'équipe Plateforme."
        return Aside(source, (), 0, 0, obstacle)
    total, readable = total + counted, readable + read
    return Aside(source, tuple(numbered([*lines, *found])), total, readable, reader.obstacle if total else "")


def _models(manifest: Manifest, source: str) -> Iterator[Node]:
    for node in manifest.models:
        if node.name.endswith(ISSUES_SUFFIX) and source in node.reads:
            yield node


def _issues(reader: Reader, source: Received, model: Node, limit: int) -> tuple[int, int, list[Line]]:
    """(lines, lines that the role reads, lines listed) of an écarts model."""
    own = reader.own(model.unique_id)
    if not set(COLUMNS) <= set(reader.columns(own)):
        return 0, 0, []
    count = sql.SQL("select count(*) from {} where nature = any(%s)")
    natures = [list(NATURES)]
    with reader.counting() as connection:
        total = only(connection.execute(count.format(own.identifier), natures))
    place = None if not total or reader.obstacle else reader.place(model.unique_id)
    if place is None or place.masked & set(COLUMNS):
        return total, 0, []
    query = sql.SQL("select {} from {} where nature = any(%s) order by 3 desc, 1, 2, 4, 6 limit {}").format(
        sql.SQL(", ").join(map(sql.Identifier, COLUMNS)), place.identifier, sql.Literal(max(0, limit))
    )
    with reader.reading() as connection:
        readable = only(connection.execute(count.format(place.identifier), natures))
        rows = connection.execute(query, natures).fetchall()
    return total, readable, [_line(source, dict(zip(COLUMNS, row, strict=True))) for row in rows]


def _unreadable(reader: Reader, source: Received, limit: int) -> tuple[int, int, list[Line]]:
    """The same of the lines that the loader could not read."""
    schema, names = f"raw_{source.domain}", source.unique_id.split(".")[2:4]
    table = sql.Identifier(schema, REJECTS_TABLE)
    with reader.counting() as connection:
        if connection.execute("select to_regclass(%s)", [table.as_string()]).fetchone() == (None,):
            return 0, 0, []
        mine = sql.SQL("source_nom = %s and table_nom = %s and motif <> {}").format(sql.Literal(OUT_OF_TABLE))
        count = sql.SQL("select count(*) from {} where {}").format(table, mine)
        total = only(connection.execute(count, names))
    if not total or reader.obstacle or not reader.reads(schema, REJECTS_TABLE):
        return total, 0, []
    query = sql.SQL(
        "select source_fichier, source_ligne, null, null, texte, motif from {} "
        "where {} order by 1, 2 limit {}"
    ).format(table, mine, sql.Literal(max(0, limit)))
    with reader.reading() as connection:
        rows = connection.execute(query, names).fetchall()
    return total, total, [_line(source, dict(zip(COLUMNS, row, strict=True))) for row in rows]


def _line(source: Received, row: Mapping[str, Any]) -> Line:
    motif = row["motif"] or ""
    # Marks are made of these words: those of people may change, and notes still find their lines.
    reason = motif.replace("_", " ")
    nature = NATURES.get(row["nature"] or "", UNREADABLE)
    return Line(
        mark=mark_of(
            source.domain, source.label, row["source_fichier"], row["source_ligne"], row["colonne"], reason
        ),
        domain=source.domain,
        about=source.label,
        dataset=source.label,
        what=MOTIFS.get(motif, reason),
        gravity=nature,
        since=None,
        file=row["source_fichier"],
        number=row["source_ligne"],
        key=(),
        column=row["colonne"],
        value=row["valeur_brute"],
        others=(),
        advice=CORRECT,
    )
