"""The sheets of a workbook, and which of them hold a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from donnees_au_centre.discovery.layout import Layout, layout_of
from donnees_au_centre.landing.spreadsheet import SheetInfo, Sheets
from donnees_au_centre.landing.workbook import BOOKS

# Sheets, and rows of each, that are looked at.
_SHEETS = 30


@dataclass(frozen=True)
class SheetLook:
    """What one worksheet holds.

    Attributes:
        title: of the sheet.
        place: among those that people see, from 1; 0 for a hidden one.
        layout: where its table stands; None for a sheet without any.
        merged: whether cells of its table are merged.
    """

    title: str
    place: int
    layout: Layout | None
    merged: bool = False

    @property
    def weight(self) -> int:
        """Cells of the table: what tells a table from a cover page."""
        return len(self.layout.rows) * len(self.layout.names) if self.layout else 0

    @property
    def holds_table(self) -> bool:
        """Whether it has rows of two columns at least, or rows of one and nothing else."""
        return self.layout is not None and len(self.layout.rows) > 0 and len(self.layout.names) > 1


def sheets_of(file: BinaryIO, file_format: str, most: int) -> list[SheetLook]:
    """Looks at the sheets of a workbook.

    Args:
        file: seekable.
        file_format: xlsx, ods or xls.
        most: rows of a sheet that are read.

    Raises:
        PlatformError: it is damaged.
    """
    book = BOOKS[file_format](file)
    places = {sheet.rank: place for place, sheet in enumerate((s for s in book.sheets if s.visible), start=1)}
    return [
        SheetLook(sheet.title.text, places.get(sheet.rank, 0), layout, merged)
        for sheet in book.sheets[:_SHEETS]
        for layout, merged in [_look(book, sheet, most)]
    ]


def _look(book: Sheets, sheet: SheetInfo, most: int) -> tuple[Layout | None, bool]:
    grid: list[list[str]] = []
    for row in book.rows(sheet):
        # A stray cell far below the table is no row of it.
        if row.number > most or row.number > len(grid) + most // 4:
            break
        grid += [[] for _ in range(row.number - 1 - len(grid))]
        grid.append([cell or "" for cell in row.cells])
    layout = layout_of(grid)
    if layout is None:
        return None, False
    first = layout.header_row + layout.header_rows
    below = any(merge.bottom > merge.top and merge.top >= first for merge in book.merges(sheet))
    return layout, below
