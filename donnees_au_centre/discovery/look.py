"""A look at a whole file: what it is, how a source would declare it, what its columns hold."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any, BinaryIO

from donnees_au_centre.discovery.charset import Charset, charset_of
from donnees_au_centre.discovery.columns import NO_REFERENCES, References, TableLook, look_at_rows
from donnees_au_centre.discovery.delimited import delimited
from donnees_au_centre.discovery.documents import key_names, rows_of
from donnees_au_centre.discovery.layout import Layout, layout_of
from donnees_au_centre.discovery.personal import may_be_of_people
from donnees_au_centre.discovery.workbooks import SheetLook, sheets_of
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.declaration import ENVELOPES, Variant
from donnees_au_centre.landing.encodings import CHUNK, Encoding
from donnees_au_centre.landing.json_records import SCALAR_COLUMN, JsonRecords
from donnees_au_centre.landing.kinds import kind_of, name_of
from donnees_au_centre.landing.parquet import ParquetRows
from donnees_au_centre.landing.rejects import Reject, RejectSpool
from donnees_au_centre.landing.unpacking import bounded, members, open_member, size_of
from donnees_au_centre.landing.workbook import BOOKS

# Of a text, and rows, that are looked at.
MOST_BYTES = 64 << 20
MOST_ROWS = 100_000
BLANK = ' \t\r\n;,|"\u00a0'
# Share of the rows that lack cells from which the provider leaves out the empty ones.
SHORT = 0.05
# Characters of a line, and lines as long, from which a text without delimiter may be of fixed width.
_LINE, _LINES = 20, 10
PACKED = ("gzip", "bzip2", "xz", "zip")
TEXTS = ("texte", "utf-16-le", "utf-16-be", "binaire")
# How a French sentence says what else than its first bytes tell.
_NAMED = {"csv": "un texte CSV", "xlsx": "un classeur Excel"}
_OPENERS: Mapping[str, Callable[[BinaryIO], Any]] = {"gzip": gzip.open, "bzip2": bz2.open, "xz": lzma.open}


@dataclass(frozen=True)
class FileLook:
    """What a file is, and how to declare it.

    Attributes:
        kind: by its first bytes, inside what packs it: `texte`, `json`, `xlsx`…
        packed: `gzip`, `zip`…; "" for a file that is not packed.
        file_format: csv, json, xlsx, ods, xls or parquet.
        options: of the declaration, those that differ from what goes without saying.
        table: what its columns hold.
        first_line: of the header; of the first row where there is none; 0 for JSON.
        has_header: whether a header names the columns.
        sure: False where nothing tells whether the first line is a header.
        charset: of a text; None for a workbook.
        keys: columns that the declaration fills with the keys of JSON objects.
        whole: whether all of it was looked at.
        remarks: French sentences on what a person should know, without a word of the cells.
    """

    kind: str
    packed: str
    file_format: str
    options: Mapping[str, Any]
    table: TableLook
    first_line: int = 0
    has_header: bool = True
    sure: bool = True
    charset: Charset | None = None
    keys: tuple[str, ...] = ()
    whole: bool = True
    remarks: tuple[str, ...] = field(default=())

    @property
    def named(self) -> str:
        """What it is, in French."""
        return _NAMED.get(self.file_format) or name_of(self.kind)


def look(
    file: BinaryIO,
    references: References = NO_REFERENCES,
    header: bool | None = None,
    most: int = MOST_BYTES,
) -> FileLook:
    """Looks at a file.

    Args:
        file: seekable, of any kind.
        references: see `look_at_rows`.
        header: whether the first line of its table names the columns; None where nobody said.
        most: bytes of a text that are looked at.

    Raises:
        PlatformError: it holds no table that the loader reads; the message says what it is.
    """
    packed, inner, options = unpacked(file)
    kind = kind_of(inner)
    if kind == "vide":
        raise PlatformError("Le fichier est vide.", "Vérifiez le dépôt, ou demandez un nouveau fichier.")
    if kind in BOOKS:
        found = _workbook(inner, kind, references, header)
    elif kind == "parquet":
        found = _parquet(inner, references)
    elif kind == "json":
        found = _document(inner, references, most)
    elif kind in TEXTS:
        found = _text(inner, kind, references, header, most)
    else:
        raise PlatformError(
            f"Le fichier est {name_of(kind)} : il n'est pas lu.",
            "Demandez au fournisseur un .xlsx, un CSV ou du JSON.",
        )
    return replace(found, packed=packed, options={**options, **found.options})


def unpacked(file: BinaryIO) -> tuple[str, BinaryIO, dict[str, Any]]:
    """What packs a file, the file inside, and the options that say which one."""
    kind = kind_of(file)
    if kind not in PACKED:
        return "", file, {}
    options: dict[str, Any] = {}
    file.seek(0)
    if kind == "zip":
        archive = zipfile.ZipFile(file)
        inside = members(archive)
        tables = [name for name in inside if name.lower().endswith(_TABLES)]
        if not tables:
            raise PlatformError("L'archive zip ne contient ni CSV, ni JSON, ni classeur Excel.", _ASK)
        if len(inside) > 1:
            options["member"] = tables[0]
        packed: Any = open_member(archive, inside[tables[0]])
    else:
        packed = _OPENERS[kind](file)
    content, _ = _start_of(bounded(packed, kind, size_of(file)), MOST_BYTES)
    return kind, io.BytesIO(content), options


# How the names of files end that may be tables of an archive.
_TABLES = (".csv", ".txt", ".tsv", ".json", ".jsonl", ".xlsx", ".ods", ".xls", ".parquet")
_ASK = "Demandez au fournisseur un .xlsx, un CSV ou du JSON."


def _head(file: BinaryIO, most: int) -> tuple[bytes, bool]:
    """The start of a file, and whether it is all of it."""
    file.seek(0)
    return _start_of(file, most)


def _start_of(file: BinaryIO, most: int) -> tuple[bytes, bool]:
    """What a file gives from its position on, and whether it is all of it."""
    pieces, size = [], 0
    while size < most and (piece := file.read(CHUNK)):
        pieces.append(piece)
        size += len(piece)
    return b"".join(pieces), not file.read(1)


def _text(file: BinaryIO, kind: str, references: References, header: bool | None, most: int) -> FileLook:
    data, whole = _head(file, most)
    charset = charset_of(data)
    if kind == "binaire" and charset.codec == "utf-8":
        raise PlatformError("Le fichier est binaire : il n'est pas lu.", _ASK)
    text = charset.text(data)
    read = delimited(text, MOST_ROWS, whole)
    layout = layout_of(read.grid)
    if layout is None or not text.strip(BLANK):
        raise PlatformError("Le fichier n'a que des lignes vides.", "Demandez un nouveau fichier.")
    layout = _doubted(_said(layout, read.grid, header))
    line = read.lines[layout.header_row - 1]
    options: dict[str, Any] = {}
    if charset.codec != "utf-8":
        options["encoding"] = charset.codec
    if read.delimiter != ",":
        options["delimiter"] = read.delimiter
    if read.quote != '"':
        options["quote"] = read.quote
    options |= _where(layout, line)
    table = look_at_rows(layout.names, _without_tail(layout), references)
    if table.by_position and layout.header_rows:
        options["names"] = "position"
    short = sum(0 < len(row) < len(layout.names) for row in read.grid[layout.header_row : layout.end - 1])
    # A broken line or two are for the rejects to tell.
    if short > SHORT * len(layout.rows):
        options["short_rows"] = True
    remarks = list(_remarks(layout, charset))
    if width := _fixed_width(read.grid):
        remarks.append(
            f"Toutes les lignes ont {width} caractères : si c'est de la largeur fixe, déclarez "
            "`file_format: fixed` et `widths` (docs/analyste/zone-de-depot.md)."
        )
    if layout.left:
        remarks.append("Deux tableaux sont côte à côte : celui de droite est lu comme d'autres colonnes.")
    return FileLook(
        "texte",
        "",
        "csv",
        options,
        table,
        line,
        layout.header_rows > 0,
        layout.sure or header is not None,
        charset,
        whole=read.whole,
        remarks=tuple(remarks),
    )


def _fixed_width(grid: Sequence[Sequence[str]]) -> int:
    """The length of all the lines of a text without delimiter, its last aside; 0 where they differ."""
    lengths = {len(row[0]) if len(row) == 1 else 0 for row in grid[:-1]}
    (length, *others) = lengths or {0}
    return length if not others and length >= _LINE and len(grid) >= _LINES else 0


def _said(layout: Layout, grid: Any, header: bool | None) -> Layout:
    """The layout as a person says it is: with or without header."""
    if header is None or header == (layout.header_rows > 0):
        return layout
    first = [*grid[layout.header_row - 1], *[""] * len(layout.names)][: len(layout.names)]
    if header:
        names = [cell.strip() for cell in first]
        return replace(layout, header_rows=1, names=names, rows=layout.rows[1:])
    return replace(layout, header_rows=0, names=[""] * len(first), rows=[first, *layout.rows])


def _doubted(layout: Layout) -> Layout:
    """The layout, unsure where its header may be a person's row: names of columns are written in files."""
    doubtful = layout.header_rows > 0 and may_be_of_people(layout.names)
    return replace(layout, sure=False) if doubtful else layout


def _where(layout: Layout, line: int) -> dict[str, Any]:
    """The options that say where a table stands."""
    options: dict[str, Any] = {}
    if not layout.header_rows:
        options["header"] = False
    if line > 1:
        options["header_row"] = line
    if layout.header_rows > 1:
        options["header_rows"] = layout.header_rows
    if layout.footer:
        options["footer"] = layout.footer
    return options


def _without_tail(layout: Layout) -> list[list[str]]:
    """The rows that tell what the columns hold."""
    return layout.rows[: len(layout.rows) - layout.tail]


def _remarks(layout: Layout, charset: Charset | None) -> Any:
    if layout.totals:
        yield f"Des lignes de total sont parmi les lignes ({layout.totals}) : à exclure dans le staging."
    if layout.tail:
        yield (
            f"Les dernières lignes ({layout.tail}) ont peu de cellules remplies : si ce sont des notes, "
            "donnez `footer:`, sans quoi elles sont chargées, et leurs cellules illisibles sont des écarts."
        )
    if charset and not charset.likely:
        yield (
            f"L'encodage n'est pas sûr : en {charset.codec}, le mieux trouvé, les lettres n'ont pas de sens. "
            "Demandez-le au fournisseur, et déclarez `encoding:`."
        )
    if charset and charset.spoilt:
        yield f"Des lettres d'un autre encodage sont dans le texte ({charset.spoilt} octets)."


def _workbook(file: BinaryIO, kind: str, references: References, header: bool | None) -> FileLook:
    sheets = sheets_of(file, kind, MOST_ROWS)
    tables = [sheet for sheet in sheets if sheet.holds_table] or [sheet for sheet in sheets if sheet.layout]
    if not tables:
        raise PlatformError("Le classeur n'a aucune cellule remplie.", "Demandez un nouveau fichier.")
    visible = [sheet for sheet in tables if sheet.place]
    chosen = _chosen(visible or tables)
    layout = chosen.layout
    if layout is None:
        raise PlatformError("Le classeur n'a aucune cellule remplie.", "Demandez un nouveau fichier.")
    options: dict[str, Any] = {}
    if chosen.place != 1:
        options["sheet"] = chosen.title
    remarks = list(_remarks(layout, None))
    if layout.left:
        options["range"] = f"A:{_letters(layout.left)}"
        remarks.append("Deux tableaux sont côte à côte : celui de gauche est lu (`range`).")
        layout = replace(
            layout, names=layout.names[: layout.left], rows=[row[: layout.left] for row in layout.rows]
        )
    options |= _where(layout, layout.header_row)
    if chosen.merged:
        options["fill_merged"] = True
    others = [sheet for sheet in tables if sheet is not chosen]
    if others:
        remarks.append(f"D'autres feuilles portent un tableau ({len(others)}) : elles ne sont pas lues.")
    layout = _doubted(layout if header is None else _said_sheet(layout, header))
    table = look_at_rows(layout.names, _without_tail(layout), references)
    if table.by_position and layout.header_rows:
        options["names"] = "position"
    return FileLook(
        kind,
        "",
        kind,
        options,
        table,
        layout.header_row,
        layout.header_rows > 0,
        layout.sure or header is not None,
        remarks=tuple(remarks),
    )


def _parquet(file: BinaryIO, references: References) -> FileLook:
    read = ParquetRows(file, size_of(file), None)
    rows = [cells for _, cells in islice(read.rows(RejectSpool()), MOST_ROWS)]
    return FileLook("parquet", "", "parquet", {}, look_at_rows(read.names, rows, references))


def _said_sheet(layout: Layout, header: bool) -> Layout:
    if header == (layout.header_rows > 0):
        return layout
    if header:
        first, *rows = layout.rows
        return replace(layout, header_rows=1, names=[cell.strip() for cell in first], rows=rows)
    return replace(layout, header_rows=0, names=[""] * len(layout.names), rows=[layout.names, *layout.rows])


def _chosen(sheets: list[SheetLook]) -> SheetLook:
    """The first sheet, unless another holds a table ten times as large."""
    largest = max(sheets, key=lambda sheet: sheet.weight)
    return sheets[0] if sheets[0].weight * 10 >= largest.weight else largest


def _letters(number: int) -> str:
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _document(file: BinaryIO, references: References, most: int) -> FileLook:
    data, whole = _head(file, most)
    charset = charset_of(data)
    try:
        found = rows_of(charset.text(data))
    except (ValueError, RecursionError):
        raise PlatformError(
            "Le JSON est illisible : tronqué, abîmé, ou trop grand pour être regardé.",
            "Redéposez-le entier, ou demandez un nouvel export.",
        ) from None
    if found is None:
        raise PlatformError("Le JSON n'a aucune liste d'objets.", "Demandez le jeu de données lui-même.")
    keys = tuple(key_names(found.keys)) if found.keys else ()
    options: dict[str, Any] = {}
    if charset.codec != "utf-8":
        options["encoding"] = charset.codec
    if found.envelope:
        options["envelope"] = found.envelope
    elif found.path != "*" or keys:
        options["rows"] = found.path
    if keys:
        options["keys"] = list(keys)
    variant = Variant(
        "principal",
        "",
        "json",
        Encoding.named(charset.codec),
        rows=tuple((ENVELOPES[found.envelope][0] if found.envelope else found.path).split(".")),
        keys=keys,
        envelope=found.envelope,
        allow_partial=True,
    )
    records = JsonRecords(variant, scalar_rows=True)
    rows: list[Mapping[str, str | None]] = []
    for record in records.read(io.BytesIO(data)):
        if not isinstance(record, Reject) and len(rows) < MOST_ROWS:
            rows.append(record[1])
    columns = [
        name for name in records.columns if name != SCALAR_COLUMN or any(row.get(name) for row in rows)
    ]
    missing = [name for name in columns if not all(name in row for row in rows)]
    if missing:
        options["optional"] = missing
    table = look_at_rows(columns, [[row.get(name) for name in columns] for row in rows], references)
    remarks = []
    if found.others:
        remarks.append(f"D'autres listes d'objets ne sont pas lues ({len(found.others)}).")
    return FileLook(
        "json", "", "json", options, table, charset=charset, keys=keys, whole=whole, remarks=tuple(remarks)
    )
