"""Puts one opened file into its raw table: which columns it brings, then its records by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

import psycopg
from psycopg import sql

from orchestration.errors import PlatformError
from orchestration.landing.bounds import EmptyFile
from orchestration.landing.declaration import SourceTable, Variant
from orchestration.landing.framer import CsvFramer
from orchestration.landing.identifiers import collision, to_identifiers
from orchestration.landing.json_records import SCALAR_COLUMN, JsonRecords, Row
from orchestration.landing.rejects import Reject, RejectSpool
from orchestration.landing.tables import add_columns, raw_table
from orchestration.landing.workbook import Sheet

_EMPTY = EmptyFile(
    "Le fichier est vide.", "Vérifiez que le dépôt s'est bien terminé, ou demandez un nouveau fichier."
)


@dataclass
class Outcome:
    """What a file gave.

    Attributes:
        rows: records in the raw table.
        blank_lines: blank lines at its end.
        out_of_table: lines above, below or between the rows, which the declaration leaves out.
        misencoded: cells in another encoding than the declared one.
        columns_added: columns that it brought and nobody declared.
        warnings: French sentences.
    """

    rows: int = 0
    blank_lines: int = 0
    out_of_table: int = 0
    misencoded: int = 0
    columns_added: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Target:
    """Where one file goes.

    Attributes:
        connection: in the file's transaction.
        table: the source table.
        variant: the variant that matched the file.
    """

    connection: psycopg.Connection
    table: SourceTable
    variant: Variant

    def columns_for(self, received: Sequence[str], outcome: Outcome) -> list[str]:
        """Matches received identifiers with the raw table's columns, adding the new ones to it.

        Raises:
            PlatformError: a required column is missing, or one comes twice.
        """
        names = self._renamed(received)
        missing = [name for name in self.table.required_columns(self.variant) if name not in names]
        if missing:
            raise PlatformError(
                f"Il manque {_plural(len(missing), 'colonne obligatoire', 'colonnes obligatoires')} : "
                f"{', '.join(missing)}. Colonnes reçues : {', '.join(names) or 'aucune'}. "
                f"Colonnes déclarées : {', '.join(self.table.declared)}.",
                "Si le fournisseur a renommé une colonne, ajoutez-la à `renames` ; s'il ne l'envoie plus, "
                "à `optional` ; sinon, vérifiez `delimiter` et `encoding`.",
            )
        new = [name for name in names if name not in self.table.columns]
        add_columns(self.connection, self.table, names)
        outcome.columns_added = new
        if new:
            outcome.warnings.append(
                f"{_plural(len(new), 'Colonne non déclarée gardée', 'Colonnes non déclarées gardées')} : "
                f"{', '.join(new)}."
            )
        return names

    def _renamed(self, received: Sequence[str]) -> list[str]:
        origin: dict[str, str] = {}
        for name in received:
            declared = self.variant.renames.get(name, name)
            if declared in origin:
                raise collision(declared, origin[declared], name)
            if declared in self.variant.captures():
                raise PlatformError(
                    f"La colonne « {declared} » est à la fois dans le fichier et dans son nom "
                    f"({self.variant.location}).",
                    "Donnez un autre nom à la partie {…} de `location`, ou renommez la colonne (`renames`).",
                )
            origin[declared] = name
        return list(origin)

    def copy(self, columns: Sequence[str], options: sql.Composable) -> sql.Composed:
        """The COPY statement for records that begin with their line number."""
        names = sql.SQL(", ").join(map(sql.Identifier, ("source_ligne", *columns)))
        return sql.SQL("copy {} ({}) from stdin {}").format(raw_table(self.table), names, options)


def load_csv(target: Target, file: BinaryIO, rejects: RejectSpool) -> Outcome:
    """Loads a CSV file.

    Raises:
        PlatformError: the file cannot be taken; nothing of it may be kept.
    """
    outcome, variant = Outcome(), target.variant
    framer = CsvFramer(file, variant.encoding, variant.delimiter, variant.quote, rejects)
    if variant.header:
        header = framer.header()
        if header is None:
            raise _EMPTY
        received = to_identifiers(header)
    else:
        received = list(target.table.required_columns(variant))
    columns = target.columns_for(received, outcome)
    options = sql.SQL("(format csv, delimiter {}, quote {}, null '', encoding {})").format(
        sql.Literal(variant.delimiter),
        sql.Literal(framer.quote.decode("ascii")),
        sql.Literal(framer.encoding.postgres),
    )
    with target.connection.cursor() as cursor, cursor.copy(target.copy(columns, options)) as copy:
        for piece in framer.frame(len(columns)):
            copy.write(piece)
    outcome.rows = framer.counts.rows
    outcome.blank_lines = framer.counts.blank_lines
    return outcome


def load_json(target: Target, file: BinaryIO, rejects: RejectSpool) -> Outcome:
    """Loads a JSON file, in two readings: its columns are known at its end only.

    Raises:
        PlatformError: the file cannot be taken; nothing of it may be kept.
    """
    outcome = Outcome()
    records = JsonRecords(target.variant, SCALAR_COLUMN in target.table.columns)
    expected = sum(not isinstance(record, Reject) for record in records.read(file))
    # A file without a single row shows no column: none can be said to be missing.
    received = records.columns if expected else []
    columns = target.columns_for(received, outcome) if expected else []
    rows = _rows(records.read(file), received, rejects)
    outcome.rows = _copy_rows(target, columns, rows)
    if records.announced is not None and records.announced != records.found:
        outcome.warnings.append(_announced(records, target.variant))
    return outcome


def load_xlsx(target: Target, file: BinaryIO, rejects: RejectSpool) -> Outcome:
    """Loads a sheet of a workbook.

    Raises:
        PlatformError: the file cannot be taken; nothing of it may be kept.
    """
    outcome, variant = Outcome(), target.variant
    sheet = Sheet(file, variant, rejects)
    if variant.header:
        header = sheet.header()
        if header is None:
            raise _EMPTY
        received = to_identifiers(header)
    else:
        received = list(target.table.required_columns(variant))
    columns = target.columns_for(received, outcome)
    outcome.rows = _copy_rows(target, columns, sheet.rows(len(columns)))
    outcome.blank_lines = sheet.blank_rows
    return outcome


def _announced(records: JsonRecords, variant: Variant) -> str:
    """What is to be said of a count that does not hold.

    Raises:
        PlatformError: the export is cut, and nobody said that it may be.
    """
    said = f"Le fichier annonce {records.announced} enregistrements et en contient {records.found}"
    # One without any is an empty delivery, and is said so.
    if records.found and records.found < (records.announced or 0) and not variant.allow_partial:
        raise PlatformError(
            f"{said} : l'export est coupé.",
            "Demandez l'export entier (sans `limit` ni `rows`) ; si une partie suffit, écrivez "
            "`allow_partial: true`.",
        )
    return f"{said}."


LOADERS = {"csv": load_csv, "json": load_json, "xlsx": load_xlsx}


def _rows(
    records: Iterable[Row | Reject], received: Sequence[str], rejects: RejectSpool
) -> Iterator[tuple[int, list[str | None]]]:
    """Puts each record's values in the order of the columns, and refused records aside."""
    for record in records:
        if isinstance(record, Reject):
            rejects.add(record)
        else:
            ordinal, values = record
            yield ordinal, [values.get(name) for name in received]


def _copy_rows(
    target: Target, columns: Sequence[str], rows: Iterable[tuple[int, Sequence[str | None]]]
) -> int:
    count = 0
    with target.connection.cursor() as cursor, cursor.copy(target.copy(columns, sql.SQL(""))) as copy:
        for line, values in rows:
            copy.write_row((line, *values))
            count += 1
    return count


def _plural(count: int, one: str, several: str) -> str:
    return one if count == 1 else several
