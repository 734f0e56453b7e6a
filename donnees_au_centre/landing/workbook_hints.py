"""Looks in a workbook for the header that its declaration does not find."""

from __future__ import annotations

from collections.abc import Collection

from donnees_au_centre.landing.csv_hints import headers
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.identifiers import to_identifier
from donnees_au_centre.landing.spreadsheet import SheetInfo, Sheets

_SHEETS = 30
_ROWS = 60


def header_hint(book: Sheets, sheet: SheetInfo, variant: Variant, required: Collection[str]) -> str:
    """Which options would find the required columns.

    Args:
        book: the workbook.
        sheet: the one that was read.
        variant: how the file is declared.
        required: the declared columns that it must bring.

    Returns:
        A French sentence that ends with a space; "" when no visible sheet shows such a header.
    """
    others = [other for other in book.sheets if other.visible and other.rank != sheet.rank]
    for candidate in (sheet, *others[:_SHEETS]):
        for line, height, names in headers(_head(book, candidate, variant)):
            found = {to_identifier(name, place) for place, name in enumerate(names, start=1) if name}
            if {variant.renames.get(name, name) for name in found}.issuperset(required):
                visible = [one.rank for one in book.sheets if one.visible or one.rank == candidate.rank]
                place = visible.index(candidate.rank) + 1
                return _sentence(variant, sheet, candidate, place, line, height)
    return ""


def _head(book: Sheets, sheet: SheetInfo, variant: Variant) -> list[list[str]]:
    """The first rows of a sheet, blank ones included, in the declared columns."""
    first, last = variant.range or (1, None)
    rows: list[list[str]] = []
    for row in book.rows(sheet):
        if row.number > _ROWS:
            break
        rows += [[] for _ in range(row.number - 1 - len(rows))]
        rows.append([cell or "" for cell in row.cells[first - 1 : last]])
    return rows


def _sentence(variant: Variant, read: SheetInfo, found: SheetInfo, place: int, line: int, height: int) -> str:
    """Args: `place`: of the sheet found, among those that people see."""
    options = [
        *([f"`sheet: {place}`"] if found.rank != read.rank else []),
        *([f"`header_row: {line}`"] if line != variant.header_row else []),
        *([f"`header_rows: {height}`"] if height != variant.header_rows else []),
    ]
    lines = f"La ligne {line}" if height == 1 else f"Le couple de lignes {line} et {line + 1}"
    written = f"{lines} de la feuille n° {found.rank} porte ces colonnes : écrivez {', '.join(options)}. "
    return written if options else ""
