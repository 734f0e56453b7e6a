"""Reads the sheets of an Office Open XML workbook (.xlsx), Strict included, as Excel means them.

One row is in memory at a time; of the rest only the shared strings are held, as bytes.
"""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import IO, BinaryIO, NamedTuple, Protocol
from xml.etree.ElementTree import Element, ParseError, iterparse, parse
from xml.parsers import expat

from openpyxl.styles.numbers import BUILTIN_FORMATS

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.blocks import Block, SheetRow
from donnees_au_centre.landing.cells import plain_number, reader_of, unescaped
from donnees_au_centre.landing.declaration import column_number
from donnees_au_centre.landing.limits import MAX_RATIO, RATIO_MATTERS, tick
from donnees_au_centre.landing.plain_rows import CLOSING, Meaning, PlainRows, are_strings, plain_strings
from donnees_au_centre.landing.received import Received
from donnees_au_centre.landing.unpacking import open_member

# Of Excel.
MAX_COLUMNS, MAX_ROWS = 16_384, 1_048_576
MAX_SHEETS, LONGEST_TITLE, MAX_MERGES = 1_000, 255, 100_000
# A sheet is streamed row by row, its strings are held as bytes, other parts (styles…) as objects.
MAX_SHEET = 4 << 30
MAX_STRINGS = 256 << 20
MAX_PART = 16 << 20
# One row, or one text, of 16,384 short cells is ten times smaller.
MAX_PIECE = 8 << 20
# Rows are read so many bytes at a time.
_BLOCK = 64 << 10
# What stands behind the rows, kept when it is shorter.
_TAIL = 1 << 20
# What stands before the first element.
MAX_PROLOG = 64 << 10
# Text that the cells of a workbook may give whatever its size: a text said once can be in every cell.
MAX_TEXT = 256 << 20
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    ParseError,
    NotImplementedError,
    RuntimeError,
    *(EOFError, KeyError, IndexError, TypeError, ValueError, OverflowError),
)
_MERGED = re.compile(
    rb"<(?:\w{1,20}:)?mergeCell\s[^<>]{0,200}?ref=[\"']([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})[\"']"
)
_CELL = re.compile(rb"<(?:\w{1,20}:)?c[\s>/]")
_REFERENCE = re.compile(r"([A-Z]{1,3})\d{0,7}")


class SheetInfo(NamedTuple):
    """One worksheet: its title, whether people see it, its place from 1, its part of the archive."""

    title: Received
    visible: bool
    rank: int
    part: str


class Merge(NamedTuple):
    """Merged cells: the first and last row and column, from 1."""

    top: int
    left: int
    bottom: int
    right: int


class Readable(Protocol):
    """What XML is read from."""

    def read(self, size: int = -1, /) -> bytes:
        """Reads on."""


class Sheets(Protocol):
    """A workbook of any format: what a table is read from."""

    @property
    def sheets(self) -> tuple[SheetInfo, ...]:
        """Its worksheets, in the order of their tabs."""

    def rows(self, sheet: SheetInfo) -> Iterator[SheetRow]:
        """The rows that the sheet holds, in order; those without a single cell may be missing."""

    def merges(self, sheet: SheetInfo) -> Iterable[Merge]:
        """The merged cells of a sheet."""

    def is_blank(self, sheet: SheetInfo) -> bool:
        """Whether a sheet has no cell at all."""


class TextLimit:
    """The text that the cells of one workbook may give: a text said once can be in every cell.

    Args:
        received: bytes of the workbook, or of the archive that it came in.
    """

    def __init__(self, received: int) -> None:  # noqa: D107
        self.received = received
        self._given = 0

    def spend(self, *rows: Sequence[str | None]) -> None:
        """Counts the cells of rows.

        Raises:
            PlatformError: the workbook gives more than an honest one.
        """
        tick()
        most = max(MAX_TEXT, MAX_RATIO * self.received)
        for cells in rows:
            self._given += sum(map(len, filter(None, cells)))
            if self._given > most:
                raise not_honest(f"donne plus de {self._given >> 20} Mio de textes pour ce qu'il pèse")


class Package:
    """A workbook whose parts are the members of a zip.

    Args:
        file: the workbook, seekable.

    Raises:
        PlatformError: it is damaged.
    """

    def __init__(self, file: BinaryIO) -> None:  # noqa: D107
        # Of the archive that it came in, if any.
        self.text = TextLimit(getattr(file, "weight", None) or file.seek(0, 2))
        with damage("sa table des matières"):
            self._archive = zipfile.ZipFile(file)
            self._parts = {_folded(info.filename): info for info in self._archive.infolist()}

    def has(self, part: str) -> bool:
        """Whether the archive has a part of this name."""
        return _folded(part) in self._parts

    def open(self, part: str, limit: int) -> IO[bytes]:
        """Opens a part of the archive, whose name has any case.

        Raises:
            PlatformError: it would unpack to more than the limit, in bytes, or than an honest part.
        """
        info = self._parts[_folded(part)]
        ratio = info.file_size / max(info.compress_size, 1)
        if info.file_size > min(limit, max(RATIO_MATTERS, MAX_RATIO * self.text.received)) or (
            info.file_size > RATIO_MATTERS and ratio > MAX_RATIO
        ):
            raise not_honest(
                f"se déplie en {info.file_size >> 20} Mio pour {info.compress_size >> 10} Kio reçus"
            )
        with open_member(self._archive, info) as source:
            _check_prolog(source)
        # zipfile gives no byte more than the size that was just checked.
        return open_member(self._archive, info)

    def root(self, part: str) -> Element:
        """The whole of a small part."""
        with self.open(part, MAX_PART) as source:
            return parse(source).getroot()


class Book(Package):
    """One workbook.

    Args:
        file: the workbook, seekable.

    Attributes:
        sheets: its worksheets, in the order of their tabs.

    Raises:
        PlatformError: it is damaged, or unpacks to more than an honest workbook.
    """

    def __init__(self, file: BinaryIO) -> None:  # noqa: D107
        super().__init__(file)
        with damage("sa table des matières"):
            main = next(
                target for kind, target in self._relations("").values() if kind.endswith("/officeDocument")
            )
            root = self.root(main)
            related = self._relations(main)
        space = root.tag.rpartition("}")[0] + "}"
        self._space = space
        # By part, what stands behind plain rows: whoever looks for merged cells need not read these again.
        self._tails: dict[str, bytes] = {}
        self._value_tag, self._formula_tag, self._text_tag = f"{space}v", f"{space}f", f"{space}is"
        self.sheets = tuple(_sheets(root, related))
        if len(self.sheets) > MAX_SHEETS:
            raise not_honest(f"a {len(self.sheets)} feuilles")
        kinds = {kind.rpartition("/")[2]: target for kind, target in related.values()}
        settings = _child(root, "workbookPr")
        self._since_1904 = settings is not None and settings.get("date1904") in ("1", "true", "on")
        self._readers = self._styles(kinds.get("styles"))
        self._strings = self._shared(kinds.get("sharedStrings"))

    def rows(self, sheet: SheetInfo) -> Iterator[SheetRow]:
        """The rows that the sheet holds, in order; those without a single cell may be missing.

        Raises:
            PlatformError: the sheet is damaged.
        """
        for piece in self.pieces(sheet):
            if isinstance(piece, Block):
                yield from piece.rows()
            else:
                yield piece

    def pieces(self, sheet: SheetInfo) -> Iterator[SheetRow | Block]:
        """The same rows, many at a time where they are plain.

        Raises:
            PlatformError: the sheet is damaged.
        """
        given = 0
        with damage(f"la feuille n° {sheet.rank}"):
            try:
                for pieces in self._batches(sheet):
                    for piece in pieces:
                        given += len(piece.numbers) if isinstance(piece, Block) else 1
                        yield piece
            except _DAMAGE:
                # The parser alone reads it from its start, and says what is wrong and where, if anything is.
                with self.open(sheet.part, MAX_SHEET) as source:
                    yield from self._parsed_rows(source, 0, given)

    def _batches(self, sheet: SheetInfo) -> Iterator[Iterable[SheetRow | Block]]:
        """The rows of a sheet, read many at a time where they are plain.

        Raises:
            Exception: one of _DAMAGE; the sheet is damaged, or written so that only a parser can tell.
        """
        with self.open(sheet.part, MAX_SHEET) as source:
            head, opening, held = source.read(MAX_PROLOG).partition(b"<sheetData>")
            head += opening
            plain = PlainRows(head, self._space, self._meaning, (MAX_ROWS, MAX_COLUMNS))
            number, block, every = 0, held, b"mergeCell" not in head
            while block:
                whole, end, rest = held.rpartition(b"</row>")
                if whole:
                    chunk = whole + end
                    rows = self._plain_rows(plain, chunk, number)
                    if isinstance(rows, Block):
                        number = rows.numbers[-1]
                        yield (rows,)
                    elif rows:
                        number = rows[-1].number
                        yield rows
                    else:
                        every = False
                        for row in self._parsed_rows(io.BytesIO(head + chunk + CLOSING), number):
                            number = row.number
                            yield (row,)
                block = b"" if b"</sheetData" in rest else source.read(_BLOCK)
                held = rest + block
                if len(held) > MAX_PIECE >> 3:
                    raise ValueError(len(held))
            held += source.read(_TAIL)
            if every and len(held) < _TAIL:
                self._tails[sheet.part] = held
            yield self._parsed_rows(_Rest(head + held, source), number)

    def _plain_rows(self, plain: PlainRows, chunk: bytes, number: int) -> Block | list[SheetRow]:
        """The rows of a chunk, after the row of a number; none when they are not plain."""
        try:
            rows = plain.read(chunk, number)
        except _DAMAGE:
            return []
        self.text.spend(*(rows.columns if isinstance(rows, Block) else (row.cells for row in rows)))
        return rows

    def _parsed_rows(self, source: Readable, number: int, given: int = 0) -> Iterator[SheetRow]:
        """The rows of a sheet, or of a part of it that is whole too.

        Args:
            source: of its XML.
            number: of the row before them.
            given: how many rows are left out, which were given already.
        """
        for element in _pieces(source, 2):
            if element.tag.endswith("}row"):
                former, number = number, int(element.get("r") or number + 1)
                if number > MAX_ROWS:
                    raise not_honest(f"a une ligne {number}, et Excel s'arrête à la ligne {MAX_ROWS}")
                if number <= former:
                    raise ValueError(number)
                given -= 1
                if given < 0:
                    yield self._row(number, element)

    def _row(self, number: int, element: Element) -> SheetRow:
        cells: list[str | None] = []
        errors: list[str] = []
        uncomputed: list[int] = []
        column = 0
        for cell in element:
            reference = cell.get("r")
            column = _column_of(reference) if reference else column + 1
            if column > MAX_COLUMNS:
                raise not_honest(f"a une cellule dans la colonne n° {column}, et Excel s'arrête à XFD")
            value, missing = self._value(cell, errors)
            if missing:
                uncomputed.append(column)
            if value is not None:
                if not len(cells) < column:
                    raise ValueError(reference)
                cells.extend([None] * (column - 1 - len(cells)))
                cells.append(value)
        self.text.spend(cells)
        return SheetRow(number, cells, uncomputed, errors)

    def _value(self, cell: Element, errors: list[str]) -> tuple[str | None, bool]:
        """A cell as text, and whether it is a formula without its value."""
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            inner = cell.find(self._text_tag)
            return (None if inner is None else unescaped(_string(inner)) or None), False
        text = cell.findtext(self._value_tag)
        if not text:
            return None, kind == "n" and cell.find(self._formula_tag) is not None
        if kind == "e":
            errors.append(text)
        return self._meaning(kind, cell.get("s", "0"))(text), False

    def _meaning(self, kind: str, style: str) -> Meaning:
        """What makes a cell of the text that it keeps."""
        if kind == "n":
            return self._readers[int(style)]
        if kind == "s":
            return lambda text: self._strings[int(text)]
        return _MEANINGS.get(kind, _text)

    def merges(self, sheet: SheetInfo) -> Iterator[Merge]:
        """The merged cells of a sheet."""
        tail = self._tails.get(sheet.part)
        merged = self._search(sheet, _MERGED, b"mergeCell") if tail is None else iter(_MERGED.finditer(tail))
        for count, found in enumerate(merged, start=1):
            if count > MAX_MERGES:
                raise not_honest(f"a plus de {MAX_MERGES} cellules fusionnées")
            left, top, right, bottom = found.groups()
            yield Merge(int(top), column_number(left.decode()), int(bottom), column_number(right.decode()))

    def is_blank(self, sheet: SheetInfo) -> bool:
        """Whether a sheet has no cell at all, as those that Excel adds by itself."""
        return next(self._search(sheet, _CELL, b"c"), None) is None

    def _search(self, sheet: SheetInfo, pattern: re.Pattern[bytes], word: bytes) -> Iterator[re.Match[bytes]]:
        with damage(f"la feuille n° {sheet.rank}"), self.open(sheet.part, MAX_SHEET) as source:
            held = b""
            while chunk := source.read(1 << 20):
                tick()
                held += chunk
                if len(held) > MAX_PIECE:
                    raise _too_long()
                end = held.rfind(b">") + 1
                # Few parts of a sheet have what is looked for, and a word is found faster than a pattern.
                if word in held:
                    yield from pattern.finditer(held, 0, end)
                held = held[end:]

    # Its parts

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Identifier -> kind and target of what a part refers to."""
        folder, name = posixpath.split(part)
        relations = posixpath.join(folder, "_rels", f"{name}.rels")
        return {
            entry.get("Id", ""): (
                entry.get("Type", ""),
                posixpath.normpath(posixpath.join("/", folder, entry.get("Target", ""))).lstrip("/"),
            )
            for entry in self.root(relations)
            if entry.get("TargetMode") != "External"
        }

    def _styles(self, part: str | None) -> list[Callable[[str], str]]:
        """For each style, what makes text of a number."""
        if part is None or not self.has(part):
            return [plain_number] * (1 << 16)
        with damage("ses formats"):
            root = self.root(part)
            formats = dict(BUILTIN_FORMATS)
            for entry in _children(root, "numFmts"):
                formats[int(entry.get("numFmtId", 0))] = entry.get("formatCode", "")
            codes = (
                formats.get(int(entry.get("numFmtId", 0)), "General") for entry in _children(root, "cellXfs")
            )
            return [reader_of(code, self._since_1904) for code in codes] or [plain_number]

    def _shared(self, part: str | None) -> _Strings:
        if part is None or not self.has(part):
            return _Strings()
        with damage("ses textes"):
            try:
                return self._plain_strings(part)
            except _DAMAGE:
                # As for rows, the parser alone says what is wrong.
                strings = _Strings()
                with self.open(part, MAX_STRINGS) as source:
                    strings.extend(_parsed_strings(source))
                return strings

    def _plain_strings(self, part: str) -> _Strings:
        """The shared strings, read many at a time.

        Raises:
            Exception: one of _DAMAGE; they are damaged, or written so that only a parser can tell.
        """
        strings = _Strings()
        with self.open(part, MAX_STRINGS) as source:
            head, opening, block = source.read(MAX_PROLOG).partition(b"<si>")
            held = opening + block
            if not are_strings(head):
                raise ValueError(head)
            while block:
                tick()
                whole, end, held = held.rpartition(b"</si>")
                if whole:
                    chunk = whole + end
                    texts = plain_strings(chunk)
                    parsed = _parsed_strings(io.BytesIO(head + chunk + b"</sst>")) if texts is None else texts
                    strings.extend([*parsed])
                block = source.read(_BLOCK)
                held += block
                if len(held) > MAX_PIECE >> 3:
                    raise ValueError(len(held))
        if held.strip() != b"</sst>":
            raise ValueError(held)
        return strings


class Metered:
    """A part of an archive, of which no piece may be larger than MAX_PIECE.

    Attributes:
        spent: bytes read of the piece; whoever ends a piece sets it back.
    """

    def __init__(self, source: Readable) -> None:  # noqa: D107
        self._source = source
        self.spent = 0

    def read(self, size: int = -1, /) -> bytes:
        """Reads on."""
        data = self._source.read(size)
        tick()
        self.spent += len(data)
        if self.spent > MAX_PIECE:
            raise _too_long()
        return data


class _Rest:
    """What is left of a part of an archive, after bytes that are read first."""

    def __init__(self, first: bytes, source: Readable) -> None:
        self._first, self._source = first, source

    def read(self, size: int = -1, /) -> bytes:
        first, self._first = self._first, b""
        return first or self._source.read(size)


def _text(text: str) -> str | None:
    return unescaped(text) or None


def _boolean(text: str) -> str:
    return "true" if text.strip() in ("1", "true") else "false"


def _day(text: str) -> str:
    return re.sub(r"(T00:00(:00(\.0+)?)?)?Z?$", "", text)


_MEANINGS: dict[str, Meaning] = {"b": _boolean, "d": _day}


def _column_of(reference: str) -> int:
    found = _REFERENCE.fullmatch(reference)
    if found is None:
        raise ValueError(reference)
    return column_number(found[1])


def _check_prolog(source: IO[bytes]) -> None:
    """Refuses a part that declares a document type: its entities repeat a text without end, or fetch one."""
    parser, root = expat.ParserCreate(), []

    def declared(*_: object) -> None:
        raise not_honest("déclare un type de document (DTD)")

    parser.StartDoctypeDeclHandler = declared
    parser.StartElementHandler = lambda *_: root.append(True)
    left = MAX_PROLOG
    # A kilobyte at a time: the parser sees all of a piece, and the entities of a text are after the first.
    while not root and left > 0 and (piece := source.read(1 << 10)):
        left -= len(piece)
        try:
            parser.Parse(piece, False)
        except expat.ExpatError as error:
            if not root:
                raise ParseError(*error.args) from error
    if not root and left <= 0:
        raise not_honest("a une partie qui ne commence pas")


def not_honest(what: str) -> PlatformError:
    """The error for a workbook that no spreadsheet would have made."""
    return PlatformError(
        f"Le classeur {what} : aucun tableau ordinaire n'est ainsi fait, il n'est pas lu.",
        "Demandez au fournisseur d'où vient ce classeur, puis un CSV ou des classeurs plus petits.",
    )


def _too_long() -> PlatformError:
    return not_honest(f"a une ligne ou un texte de plus de {MAX_PIECE >> 20} Mio")


def _pieces(source: Readable, depth: int) -> Iterator[Element]:
    """The elements at a depth below the root, one at a time: each is forgotten when the next is asked."""
    metered = Metered(source)
    opened: list[Element] = []
    for event, element in iterparse(metered, events=("start", "end")):
        if event == "start":
            opened.append(element)
            continue
        opened.pop()
        if len(opened) == depth:
            yield element
            opened[-1].clear()
            metered.spent = 0


def _parsed_strings(source: Readable) -> Iterator[str]:
    """The shared strings, by the parser."""
    for element in _pieces(source, 1):
        if element.tag.endswith("}si"):
            yield unescaped(_string(element))


class _Strings:
    """Many texts, held as UTF-8 one after the other."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._ends = array("Q", [0])

    def extend(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._bytes += text.encode("utf-8")
            self._ends.append(len(self._bytes))

    def __getitem__(self, place: int) -> str | None:
        if place < 0:
            raise IndexError(place)
        return self._bytes[self._ends[place] : self._ends[place + 1]].decode("utf-8") or None


def _sheets(root: Element, related: dict[str, tuple[str, str]]) -> Iterator[SheetInfo]:
    """The worksheets of a workbook: no chart, dialog or macro sheets."""
    rank = 0
    for entry in _children(root, "sheets"):
        identifier = next((value for name, value in entry.items() if name.endswith("}id")), "")
        kind, part = related.get(identifier, ("", ""))
        if kind.endswith("/worksheet"):
            rank += 1
            visible = entry.get("state", "visible") == "visible"
            yield SheetInfo(Received(entry.get("name", "")[:LONGEST_TITLE]), visible, rank, part)


def _child(parent: Element, name: str) -> Element | None:
    return next((child for child in parent if child.tag.endswith("}" + name)), None)


def _children(parent: Element, name: str) -> list[Element]:
    return list(_child(parent, name) or ())


def _string(element: Element) -> str:
    """The text of a string and its runs, without phonetic hints."""
    pieces = []
    for child in element:
        if child.tag.endswith("}t"):
            pieces.append(child.text or "")
        elif child.tag.endswith("}r"):
            pieces.extend(part.text or "" for part in child if part.tag.endswith("}t"))
    return "".join(pieces)


def _folded(part: str) -> str:
    return part.replace("\\", "/").lstrip("/").lower()


@contextmanager
def damage(what: str, *faults: type[Exception]) -> Iterator[None]:
    """Says in French what of a workbook cannot be read.

    Args:
        what: is read.
        faults: more errors of the reader than those of zip and XML.
    """
    caught: tuple[type[Exception], ...] = (*_DAMAGE, *faults, StopIteration)
    try:
        yield
    except caught as error:
        place = ""
        if isinstance(error, ParseError) and hasattr(error, "position"):
            place = " (ligne {}, colonne {} de son XML)".format(*error.position)
        raise PlatformError(
            f"Le classeur est illisible : impossible de lire {what}{place}.",
            "Vérifiez que le classeur (.xlsx, .ods ou .xls) est entier (un tableur l'ouvre), ou demandez un "
            "nouveau fichier.",
        ) from error
