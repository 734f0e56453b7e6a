"""Reads the sheets of an old Excel workbook (.xls, before 2007), by the rules of the newer one's reader."""

from __future__ import annotations

import io
import struct
from array import array
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

import xlrd
from xlrd.compdoc import CompDoc, CompDocError

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.blocks import SheetRow
from donnees_au_centre.landing.cells import reader_of
from donnees_au_centre.landing.limits import tick
from donnees_au_centre.landing.received import Received
from donnees_au_centre.landing.spreadsheet import (
    LONGEST_TITLE,
    MAX_MERGES,
    MAX_SHEETS,
    Merge,
    SheetInfo,
    TextLimit,
    damage,
    not_honest,
)

_OLE2 = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_STREAMS = ("Workbook", "Book")
_FAULTS = (
    xlrd.XLRDError,
    CompDocError,
    struct.error,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
)
# Records that cost much more memory than their bytes: fonts, names, formats (old and new), styles (the same).
_COSTLY = {0x31, 0x231, 0x18, 0x218, 0x1E, 0x41E, 0x43, 0x243, 0x443, 0xE0, 0x293}
_MAX_COSTLY = 100_000
_MERGED_CELLS, _SHEET, _LOCKED = 0xE5, 0x85, 0x2F
# A larger whole number may be rounded already: fifteen digits are what Excel shows.
_EXACT = 10**15


class LegacyBook:
    """One workbook.

    Args:
        file: the workbook, seekable.

    Attributes:
        sheets: its worksheets, in the order of their tabs.

    Raises:
        PlatformError: it is damaged, locked, or made to cost.
    """

    def __init__(self, file: BinaryIO) -> None:  # noqa: D107
        self._text = TextLimit(getattr(file, "weight", None) or file.seek(0, 2))
        file.seek(0)
        content = b"".join(iter(lambda: file.read(1 << 20), b""))
        with damage("sa table des matières", *_FAULTS):
            stream = _stream(content)
            _check_records(stream)
            self._book = xlrd.open_workbook(
                file_contents=stream, formatting_info=True, ragged_rows=True, logfile=_Nowhere()
            )
            since_1904 = bool(self._book.datemode)
            formats = self._book.format_map
            codes = (formats[style.format_key].format_str for style in self._book.xf_list)
            self._readers = [reader_of(code or "General", since_1904) for code in codes]
        self.sheets = tuple(
            SheetInfo(Received(sheet.name[:LONGEST_TITLE]), sheet.visibility == 0, rank, "")
            for rank, sheet in enumerate(self._book.sheets(), start=1)
        )

    def rows(self, sheet: SheetInfo) -> Iterator[SheetRow]:
        """The rows that the sheet holds, in order.

        Raises:
            PlatformError: the sheet is damaged.
        """
        held = self._book.sheet_by_index(sheet.rank - 1)
        with damage(f"la feuille n° {sheet.rank}", *_FAULTS):
            for place in range(held.nrows):
                errors: list[str] = []
                cells: list[str | None] = []
                pairs = zip(held.row_types(place), held.row_values(place), strict=True)
                for column, (kind, value) in enumerate(pairs):
                    if kind == xlrd.XL_CELL_TEXT:
                        cells.append(value or None)
                    elif kind in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
                        written = (
                            str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)
                        )
                        cells.append(self._readers[held.cell_xf_index(place, column)](written))
                    elif kind == xlrd.XL_CELL_BOOLEAN:
                        cells.append("true" if value else "false")
                    elif kind == xlrd.XL_CELL_ERROR:
                        errors.append(xlrd.error_text_from_code.get(value, "#" + str(value)))
                        cells.append(errors[-1])
                    else:
                        cells.append(None)
                self._text.spend(cells)
                yield SheetRow(place + 1, cells, [], errors)

    def merges(self, sheet: SheetInfo) -> Iterator[Merge]:
        """The merged cells of a sheet."""
        for top, bottom, left, right in self._book.sheet_by_index(sheet.rank - 1).merged_cells:
            yield Merge(top + 1, left + 1, bottom, right)

    def is_blank(self, sheet: SheetInfo) -> bool:
        """Whether a sheet has no cell with a value."""
        return not any(any(row.cells) for row in self.rows(sheet))


class _Nowhere(io.TextIOBase):
    """Where the reader's remarks go."""

    def write(self, text: str, /) -> int:
        return len(text)


def _stream(content: bytes) -> bytes:
    """The records of a workbook, without the file system around them."""
    if not content.startswith(_OLE2):
        return content
    folder = CompDoc(content, logfile=_Nowhere())
    # Tools that export give the small streams a wrong place, as spreadsheets know: only one's own counts.
    folder.seen = array("B", bytes(len(folder.seen)))
    return bytes(next(stream for name in _STREAMS if (stream := folder.get_named_stream(name)) is not None))


def _check_records(stream: bytes) -> None:
    """Looks at the records before they are read: who made them to cost is told here.

    Raises:
        PlatformError: there are too many of a kind, or a password locks them.
    """
    counts: Counter[int] = Counter()
    merged = place = 0
    while place + 4 <= len(stream):
        tick()
        kind, size = struct.unpack_from("<HH", stream, place)
        counts[kind] += 1
        if kind == _MERGED_CELLS and size >= 2:
            merged += int.from_bytes(stream[place + 4 : place + 6], "little")
        if kind == _LOCKED:
            raise PlatformError(
                "Le classeur est protégé par un mot de passe.",
                "Demandez au fournisseur le classeur sans mot de passe, ou le mot de passe pour l'ôter.",
            )
        place += 4 + size
    if merged > MAX_MERGES:
        raise not_honest(f"a plus de {MAX_MERGES} cellules fusionnées")
    if counts[_SHEET] > MAX_SHEETS:
        raise not_honest(f"a {counts[_SHEET]} feuilles")
    if sum(counts[kind] for kind in _COSTLY) > _MAX_COSTLY:
        raise not_honest(f"a plus de {_MAX_COSTLY} formats, polices et noms")
