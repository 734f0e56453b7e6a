"""Rows of a worksheet: one at a time, or many held by columns, which cost far less to check and to write."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from donnees_au_centre.numbered_lines import ESCAPES, MARKS, NULL

Cells = list[str | None]


class SheetRow(NamedTuple):
    """One row that the sheet holds.

    Attributes:
        number: from 1.
        cells: as text, None for an empty cell, up to the last one written.
        uncomputed: columns, from 1, of the formulas that lack their value.
        errors: the Excel errors among the cells.
    """

    number: int
    cells: Cells
    uncomputed: list[int]
    errors: list[str]


class Block(NamedTuple):
    """Rows that follow each other in the sheet, by columns; no formula among them lacks its value.

    Attributes:
        numbers: of the rows.
        columns: the cells of each column from the first on, as long as `numbers`.
        errors: columns again, of the Excel errors alone: None for any other cell.
    """

    numbers: list[int]
    columns: list[Cells]
    errors: list[Cells]

    def rows(self) -> Iterator[SheetRow]:
        """The rows, one at a time."""
        every = zip(*self.columns, strict=True) if self.columns else ((),) * len(self.numbers)
        for place, (number, row) in enumerate(zip(self.numbers, every, strict=True)):
            cells: Cells = [*row]
            while cells and cells[-1] is None:
                cells.pop()
            errors = [error for column in self.errors if (error := column[place]) is not None]
            yield SheetRow(number, cells, [], errors)

    def copied(self, width: int, start: int) -> Copied | None:
        """The rows as COPY takes them, when each is one: without a gap, a blank row or cell, or a NUL.

        Args:
            width: how many cells a row has.
            start: added to the numbers of the rows.
        """
        count, first = len(self.numbers), self.numbers[0]
        if self.numbers[-1] - first + 1 != count or not all(map(any, zip(*self.columns, strict=True))):
            return None
        columns: list[Sequence[str]] = [[*map(str, range(start + first, start + first + count))]]
        for column in self.columns:
            written = _written(column)
            if not all(map(str.strip, written)):
                return None
            columns.append(written)
        if any(set(column) != {NULL} for column in columns[width + 1 :]):
            return None
        columns = [*columns[: width + 1], *[[NULL] * count] * (width + 1 - len(columns))]
        text = "\n".join(map("\t".join, zip(*columns, strict=True)))
        return None if "\0" in text else Copied(start + first, count, text.encode() + b"\n")


class Copied(NamedTuple):
    """Rows as COPY takes them, each after its line number.

    Attributes:
        first: line of the first; those of the others follow.
        rows: how many they are.
        text: a line a row.
    """

    first: int
    rows: int
    text: bytes

    def beside(self, cell: str) -> Copied:
        """The same rows with one more cell, at the end of each."""
        return self._replace(text=self.text.replace(b"\n", f"\t{_written([cell])[0]}\n".encode()))


def _written(column: Sequence[str | None]) -> list[str]:
    """The cells of a column as COPY takes them."""
    said = "".join(filter(None, column))
    if any(mark in said for mark in MARKS):
        return [NULL if cell is None else cell.translate(ESCAPES) for cell in column]
    return [NULL if cell is None else cell for cell in column]
