"""Puts one opened file into its raw table: which columns it brings, then its records by COPY."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import psycopg
from psycopg import sql
from psycopg.copy import QueuedLibpqWriter

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.landing.blocks import Copied
from donnees_au_centre.landing.bounds import EmptyFile
from donnees_au_centre.landing.csv_counts import misencoded_warning
from donnees_au_centre.landing.csv_hints import header_hint
from donnees_au_centre.landing.declaration import SHAPE_ADVICE, WORKBOOKS, SourceTable, Variant
from donnees_au_centre.landing.encodings import Encoding
from donnees_au_centre.landing.fixed_width import FixedWidthFramer
from donnees_au_centre.landing.framer import CsvFramer
from donnees_au_centre.landing.identifiers import HEADER, collision, to_identifiers
from donnees_au_centre.landing.json_hints import shape_hint
from donnees_au_centre.landing.json_records import SCALAR_COLUMN, JsonRecords, MisplacedRows, Row
from donnees_au_centre.landing.kinds import check_kind
from donnees_au_centre.landing.limits import MAX_COLUMNS, tick, too_many_columns
from donnees_au_centre.landing.misread import Misread, is_misread
from donnees_au_centre.landing.parquet import ParquetRows
from donnees_au_centre.landing.received import Withheld, alike, ranks, within
from donnees_au_centre.landing.rejects import Reject, RejectSpool
from donnees_au_centre.landing.tables import WIDE_ADVICE, add_columns, keep_present, raw_table, summarise
from donnees_au_centre.landing.unpacking import size_of, unpacked, unpacked_whole
from donnees_au_centre.landing.workbook import SheetTable, TableRow, Workbook

_EMPTY = EmptyFile(
    "Le fichier est vide.", "Vérifiez que le dépôt s'est bien terminé, ou demandez un nouveau fichier."
)


_PLAIN = sql.SQL("")
# COPY's lines are UTF-8, its cells between tabs.
_MISREAD = Misread(Encoding.named("utf-8"), b"\t")
_PIECES_AHEAD = 4


class _Ahead(QueuedLibpqWriter):
    """Lets a file be read on while PostgreSQL takes what was read, a few pieces ahead."""

    def __init__(self, cursor: psycopg.Cursor[Any]) -> None:
        super().__init__(cursor)
        # Of up to a MiB each: a thousand of them, as psycopg would have, are memory without bound.
        self._queue.maxsize = _PIECES_AHEAD


@dataclass
class Outcome:
    """What a file gave.

    Attributes:
        rows: records in the raw table.
        blank_lines: blank lines at its end.
        out_of_table: lines above, below or between the rows, which the declaration leaves out.
        misencoded: cells in another encoding than the declared one.
        columns_added: how many columns it brought that nobody declared.
        warnings: French sentences, without a received word.
    """

    rows: int = 0
    blank_lines: int = 0
    out_of_table: int = 0
    misencoded: int = 0
    columns_added: int = 0
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

    def received(self, header: Sequence[str] | None) -> list[str]:
        """The identifiers of a file's columns.

        Args:
            header: its names as received; None for a file without header.

        Raises:
            PlatformError: two names give one identifier, or by position there are fewer than declared.
        """
        required = list(self.table.required_columns(self.variant))
        if header is None:
            return required
        if len(header) > MAX_COLUMNS:
            raise too_many_columns()
        if self.variant.names == "header":
            return to_identifiers(header)
        ordered = self.table.columns_by_position(self.variant)
        if len(header) == len(required):
            return required
        if len(header) < len(ordered):
            raise PlatformError(
                f"L'en-tête a {len(header)} cellules, et {len(ordered)} colonnes sont déclarées, à prendre "
                f"dans l'ordre (`names: position`) : {', '.join(ordered)}.",
                "Mettez dans `optional` celles que le fichier n'a pas, ou "
                f"{SHAPE_ADVICE[self.variant.file_format]}.",
            )
        return ordered + [f"colonne_{place}" for place in range(len(ordered) + 1, len(header) + 1)]

    def columns_for(
        self, received: Sequence[str], words: Sequence[str] | None, outcome: Outcome, hint: str = ""
    ) -> list[str]:
        """Matches received identifiers with the raw table's columns, adding the new ones to it.

        Args:
            received: as `received` gives them.
            words: what they are made of, as the file writes it: an erasure looks for people in these words.
            outcome: receives the new columns, and what to say of them.
            hint: a French sentence for a missing column: what the file itself shows.

        Raises:
            PlatformError: a required column is missing, or one comes twice.
        """
        words = received if words is None else words
        names, missing = self._renamed(received, words), self.missing(received)
        if missing:
            what = "la colonne obligatoire" if len(missing) == 1 else "les colonnes obligatoires"
            raise Withheld(
                f"Il manque {what} : {', '.join(missing)}. {self._found(names, missing)} "
                f"Colonnes déclarées : {', '.join(self.table.declared)}.",
                f"{hint}Si le fournisseur a renommé une colonne, ajoutez-la à `renames` ; s'il ne l'envoie "
                f"plus, à `optional` ; sinon, {SHAPE_ADVICE[self.variant.file_format]}.",
                HEADER,
                words,
                self.variant.header_row,
            )
        new = [name for name in names if name not in self.table.columns]
        add_columns(self.connection, self.table, names)
        outcome.columns_added = len(new)
        if new:
            kept = counted(len(new), "colonne non déclarée gardée", "colonnes non déclarées gardées")
            raw = f"{self.table.schema}.{self.table.identifier}"
            outcome.warnings.append(f"{kept}{self._where(names, new)}, sous le nom reçu, dans {raw}.")
        return names

    def _found(self, names: Sequence[str], missing: Sequence[str]) -> str:
        """What stands where the missing columns are not, told by the declared names alone."""
        if not names:
            return "Le fichier n'en a aucune."
        known = [name for name in names if name in self.table.columns]
        said = f"Le fichier a {counted(len(names), 'colonne')}, dont {len(known)} au nom déclaré"
        said += f" ({', '.join(known)})." if known else "."
        for name in names:
            if name not in known and (near := alike(name, missing)):
                said += f" L'une{self._where(names, [name])} ressemble à « {near} »."
        if not known and self.variant.file_format not in ("json", "parquet"):
            said += " Il n'a peut-être pas d'en-tête (`header: false`)."
        return said

    def _where(self, names: Sequence[str], chosen: Sequence[str]) -> str:
        """« (la 2e) » where columns have places: the members of a JSON object have none."""
        if self.variant.file_format == "json":
            return ""
        return f" ({ranks([place for place, name in enumerate(names, 1) if name in chosen])})"

    def missing(self, received: Sequence[str]) -> list[str]:
        """The required columns that a file lacks."""
        names = {self.variant.renames.get(name, name) for name in received}
        return [name for name in self.table.required_columns(self.variant) if name not in names]

    def _renamed(self, received: Sequence[str], words: Sequence[str]) -> list[str]:
        origin: dict[str, int] = {}
        for place, name in enumerate(received, start=1):
            declared = self.variant.renames.get(name, name)
            if declared in origin:
                raise collision(origin[declared], place, words)
            if declared in self.variant.captures():
                raise PlatformError(
                    f"La colonne « {declared} » est à la fois dans le fichier et dans son nom "
                    f"({self.variant.location}).",
                    "Donnez un autre nom à la partie {…} de `location`, ou renommez la colonne (`renames`).",
                )
            if declared == self.variant.sheet_column:
                raise PlatformError(
                    f"La colonne « {declared} » est dans la feuille, et doit aussi en recevoir le titre.",
                    "Donnez un autre nom à `sheet_column`, ou renommez la colonne (`renames`).",
                )
            origin[declared] = place
        return list(origin)

    @contextmanager
    def copying(self, columns: Sequence[str], options: sql.Composable = _PLAIN) -> Iterator[psycopg.Copy]:
        """A COPY that takes records which begin with their line number.

        Raises:
            PlatformError: a record is larger than a row may be.
        """
        names = sql.SQL(", ").join(map(sql.Identifier, ("source_ligne", *columns)))
        statement = sql.SQL("copy {} ({}) from stdin {}").format(raw_table(self.table), names, options)
        try:
            summarise(self.connection, self.table)
            with self.connection.cursor() as cursor:
                with cursor.copy(statement, writer=_Ahead(cursor)) as copy:
                    yield copy
                if cursor.rowcount:
                    keep_present(self.connection, self.table)
        except psycopg.errors.ProgramLimitExceeded as error:
            raise PlatformError(
                f"Une ligne du fichier, de {len(columns)} colonnes, est trop large pour PostgreSQL "
                "(8\u202f160 octets, longs textes exceptés).",
                WIDE_ADVICE,
            ) from error


def load_csv(target: Target, file: BinaryIO, rejects: RejectSpool) -> Outcome:
    """Loads a CSV file.

    Raises:
        PlatformError: the file cannot be taken; nothing of it may be kept.
    """
    outcome, variant = Outcome(), target.variant
    file = unpacked(file, variant)
    check_kind(file, "csv", variant.encoding.codec)
    framer = CsvFramer(file, variant, rejects)
    header = framer.header() if variant.header else None
    if variant.header and header is None:
        raise _headless(variant.header_row) if framer.counts.outside_lines else _EMPTY
    if header and variant.beside:
        header = framer.table_names(header)
    received = target.received(header)
    missing = target.missing(received)
    hint = header_hint(file, variant, target.table.required_columns(variant)) if missing else ""
    columns = target.columns_for(received, header, outcome, hint)
    beside = [variant.beside] if variant.beside else []
    options = sql.SQL("(format csv, delimiter {}, quote {}, null '', encoding {})").format(
        sql.Literal(framer.delimiter.decode("ascii")),
        sql.Literal(framer.quote.decode("ascii")),
        sql.Literal(framer.encoding.postgres),
    )
    with target.copying(columns + beside, options) as copy:
        for piece in framer.frame(len(columns)):
            tick()
            copy.write(piece)
    outcome.rows, outcome.blank_lines = framer.counts.rows, framer.counts.blank_lines
    outcome.out_of_table, outcome.misencoded = framer.counts.outside_lines, framer.counts.misencoded
    outcome.warnings += framer.warnings
    return outcome


def load_fixed(target: Target, file: BinaryIO, rejects: RejectSpool) -> Outcome:
    """Loads a fixed-width file.

    Raises:
        PlatformError: the file cannot be taken; nothing of it may be kept.
    """
    outcome, variant = Outcome(), target.variant
    file = unpacked(file, variant)
    check_kind(file, "fixed", variant.encoding.codec)
    framer = FixedWidthFramer(file, variant, rejects)
    columns = target.columns_for([column for column, _ in variant.widths], None, outcome)
    outcome.rows = _copy_rows(target, columns, framer.rows(), outcome)
    outcome.blank_lines, outcome.out_of_table = framer.counts.blank_lines, framer.counts.outside_lines
    outcome.warnings += framer.warnings
    return outcome


def _headless(line: int) -> EmptyFile:
    return EmptyFile(
        f"Le fichier n'a rien à la ligne {line} ni en dessous, où l'en-tête est cherché.",
        "Corrigez `header_row` dans la déclaration, ou demandez un nouveau fichier.",
    )


def load_json(target: Target, file: BinaryIO, rejects: RejectSpool) -> Outcome:
    """Loads a JSON file, in two readings: its columns are known at its end only.

    Raises:
        PlatformError: the file cannot be taken; nothing of it may be kept.
    """
    outcome = Outcome()
    file = unpacked(file, target.variant)
    check_kind(file, "json", target.variant.encoding.codec)
    records = JsonRecords(target.variant, SCALAR_COLUMN in target.table.columns)
    expected = _expected(records, file, outcome)
    # A file without a single row shows no column: none can be said to be missing.
    received = records.columns if expected else []
    hint = _hint(target, received, file) if expected else ""
    columns = target.columns_for(received, records.paths, outcome, hint) if expected else []
    rows = _rows(records.read(file), received, rejects)
    outcome.rows = _copy_rows(target, columns, rows, outcome)
    outcome.blank_lines = records.blank_lines
    outcome.warnings += _json_warnings(records)
    return outcome


def _expected(records: JsonRecords, file: BinaryIO, outcome: Outcome) -> int:
    """Reads a JSON file once and counts its rows; simple values alone make it say what the file seems to be.

    Raises:
        PlatformError: its rows are not where the declaration looks for them.
    """
    try:
        motifs = Counter(record.motif if isinstance(record, Reject) else "" for record in records.read(file))
    except MisplacedRows as error:
        error.advice = shape_hint(file, records.variant) + error.advice
        raise
    if set(motifs) == {"pas_un_objet"}:
        outcome.warnings += filter(None, [shape_hint(file, records.variant).rstrip()])
    return motifs[""]


def _hint(target: Target, received: Sequence[str], file: BinaryIO) -> str:
    return shape_hint(file, target.variant) if target.missing(received) else ""


def _json_warnings(records: JsonRecords) -> Iterator[str]:
    if records.announced is not None and records.announced != records.found:
        yield _announced(records)
    if records.taken:
        refused = counted(records.taken, "enregistrement est refusé", "enregistrements sont refusés")
        yield (
            f"{refused} pour un champ qui donne un nom de colonne déjà pris : leur detail, dans les rejets, "
            "donne la ligne de `fields` à écrire."
        )
    if records.keys_lost:
        yield "Les clés de l'objet parcouru ne sont dans aucune colonne : `keys: [<colonne>]` les garde."


def _announced(records: JsonRecords) -> str:
    """What is to be said of a count that does not hold.

    Raises:
        PlatformError: the export is cut, and nobody said that it may be.
    """
    said = f"Le fichier annonce {records.announced} enregistrements et en contient {records.found}"
    # One without any is an empty delivery, and is said so.
    if records.found and records.found < (records.announced or 0) and not records.variant.allow_partial:
        raise PlatformError(
            f"{said} : l'export est coupé.",
            "Demandez l'export entier (sans `limit` ni `rows`) ; si une partie suffit, écrivez "
            "`allow_partial: true`.",
        )
    return f"{said}."


def load_parquet(target: Target, file: BinaryIO, rejects: RejectSpool) -> Outcome:
    """Loads a Parquet file.

    Raises:
        PlatformError: the file cannot be taken; nothing of it may be kept.
    """
    outcome, variant = Outcome(), target.variant
    with unpacked_whole(file, variant) as whole:
        check_kind(whole, "parquet")
        held = ParquetRows(whole, size_of(file), variant.max_unpacked)
        columns = target.columns_for(target.received(held.names), held.names, outcome)
        outcome.rows = _copy_rows(target, columns, held.rows(rejects), outcome)
    return outcome


def load_workbook(target: Target, file: BinaryIO, rejects: RejectSpool) -> Outcome:
    """Loads a sheet of a workbook.

    Raises:
        PlatformError: the file cannot be taken; nothing of it may be kept.
    """
    outcome, variant = Outcome(), target.variant
    with unpacked_whole(file, variant) as whole:
        check_kind(whole, variant.file_format)
        book = Workbook(whole, variant)
        for table in book.tables(rejects):
            try:
                _load_sheet(target, table, outcome)
            except PlatformError as error:
                raise within(error, f"Feuille {book.shown(table.sheet)}") from error
        outcome.warnings += book.warnings()
    return outcome


def _load_sheet(target: Target, table: SheetTable, outcome: Outcome) -> None:
    variant = target.variant
    header = table.header() if variant.header else None
    if header is None and variant.header:
        hint = "" if variant.sheets else table.hint(target.table.required_columns(variant))
        if hint:
            raise PlatformError("rien n'y est écrit à la place de l'en-tête.", hint.rstrip())
        outcome.warnings.append(f"La feuille {table.shown} est vide.")
        return
    received = target.received(header)
    hint = table.hint(target.table.required_columns(variant)) if target.missing(received) else ""
    columns = target.columns_for(received, header, outcome, hint)
    pieces: Iterable[TableRow | Copied] = table.pieces(len(columns))
    if variant.sheet_column:
        columns, title = [*columns, variant.sheet_column], table.sheet.title.text
        pieces = (
            piece.beside(title) if isinstance(piece, Copied) else (piece[0], [*piece[1], title])
            for piece in pieces
        )
    outcome.rows += _copy_rows(target, columns, pieces, outcome)
    outcome.blank_lines += table.blank_rows
    outcome.out_of_table += table.out_of_table
    outcome.warnings += table.warnings()


LOADERS = {
    "csv": load_csv,
    "json": load_json,
    "fixed": load_fixed,
    "parquet": load_parquet,
    **dict.fromkeys(WORKBOOKS, load_workbook),
}


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
    target: Target,
    columns: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str | None]] | Copied],
    outcome: Outcome,
) -> int:
    count, misread, first = 0, 0, 0
    with target.copying(columns) as copy:
        for row in rows:
            tick()
            if isinstance(row, Copied):
                copy.write(row.text)
                count += row.rows
                wrong, spot = _MISREAD.cells(row.text)
                line = row.first + row.text.count(b"\n", 0, max(spot, 0))
            else:
                line, values = row
                copy.write_row((line, *values))
                count += 1
                wrong = sum(value is not None and is_misread(value) for value in values)
            misread, first = misread + wrong, first or (line if wrong else 0)
    outcome.misencoded += misread
    if misread:
        text = target.variant.file_format in ("csv", "json", "fixed")
        codec = target.variant.encoding.codec if text else None
        outcome.warnings.append(misencoded_warning(misread, codec, first))
    return count
