"""Reads the sheets of an OpenDocument workbook (.ods), by the rules of the Excel reader.

All the sheets are in one XML: a first reading tells their titles, their merged cells and which are blank;
then each is read row by row, never whole. A repeated row or cell is as many as it says.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element, iterparse

from donnees_au_centre.landing.blocks import SheetRow
from donnees_au_centre.landing.cells import plain_number, reader_of
from donnees_au_centre.landing.received import Received
from donnees_au_centre.landing.spreadsheet import (
    LONGEST_TITLE,
    MAX_COLUMNS,
    MAX_MERGES,
    MAX_ROWS,
    MAX_SHEET,
    MAX_SHEETS,
    Merge,
    Metered,
    Package,
    SheetInfo,
    damage,
    not_honest,
)

_ODF = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_OFFICE, _TABLE, _TEXT, _STYLE, _NUMBER = (
    _ODF % name for name in ("office", "table", "text", "style", "datastyle")
)
_CONTENT, _STYLES = "content.xml", "styles.xml"
_A_TABLE, _ROW, _COLUMN, _USUAL_STYLE, _STYLE_NAME, _FORMULA, _WIDE, _HIGH = (
    f"{_TABLE}{name}"
    for name in (
        *("table", "table-row", "table-column", "default-cell-style-name", "style-name", "formula"),
        *("number-columns-spanned", "number-rows-spanned"),
    )
)
_REPEATED = {what: f"{_TABLE}number-{what}-repeated" for what in ("columns", "rows")}
_KIND, _PARAGRAPH = f"{_OFFICE}value-type", f"{_TEXT}p"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_VALUE, _DATE, _TIME, _BOOLEAN, _STRING = (
    f"{_OFFICE}{name}" for name in ("value", "date-value", "time-value", "boolean-value", "string-value")
)
# What LibreOffice adds, to tell an error from a number or a text.
_KIND_SHOWN = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_ERROR = re.compile(r"#[A-ZÉ/0]{2,13} ?[!?]|#N/[A-Z]|Err:\d{3}")
_MIDNIGHT = re.compile(r"(T00:00(:00(\.0+)?)?)?Z?$")
_DURATION = re.compile(
    r"(-?)P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9})(?:[.,](\d{1,20}))?S)?)?"
)
_BLANKS = re.compile(r"[ \t\r\n]+")
_LONGEST_CODE = 200
_DEEPEST_STYLE = 20


class OpenDocumentBook(Package):
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
        # Style -> the style of numbers that it names, and its parent; style of numbers -> its format.
        self._styles: dict[str, tuple[str | None, str | None]] = {}
        self._codes: dict[str, str] = {}
        self._hidden: set[str | None] = set()
        self._readers: dict[str | None, Callable[[str], str]] = {None: plain_number}
        self._written: set[int] = set()
        self._merges: dict[int, list[Merge]] = {}
        with damage("ses formats"):
            if self.has(_STYLES):
                for part in self.root(_STYLES):
                    if part.tag == f"{_OFFICE}styles":
                        self._learn(part)
        with damage("ses feuilles"):
            self.sheets = tuple(self._contents())

    def rows(self, sheet: SheetInfo) -> Iterator[SheetRow]:
        """The rows that the sheet holds, in order; those without a single cell may be missing.

        Raises:
            PlatformError: the sheet is damaged.
        """
        number, columns = 0, list[str | None]()
        with damage(f"la feuille n° {sheet.rank}"):
            for rank, element in self._walk():
                if rank > sheet.rank:
                    return
                if rank < sheet.rank:
                    continue
                if element.tag == _COLUMN:
                    count = min(_repeated(element, "columns"), MAX_COLUMNS - len(columns))
                    columns += [element.get(_USUAL_STYLE)] * count
                elif element.tag == _ROW:
                    row, repeated = self._row(element, columns), _repeated(element, "rows")
                    if not (row.cells or row.uncomputed):
                        number += repeated
                        continue
                    if number + repeated > MAX_ROWS:
                        raise not_honest(f"a une ligne {number + repeated}, au-delà de la ligne {MAX_ROWS}")
                    for _ in range(repeated):
                        number += 1
                        self.text.spend(row.cells)
                        yield SheetRow(number, list(row.cells), row.uncomputed, row.errors)

    def merges(self, sheet: SheetInfo) -> list[Merge]:
        """The merged cells of a sheet."""
        return self._merges.get(sheet.rank, [])

    def is_blank(self, sheet: SheetInfo) -> bool:
        """Whether a sheet has no cell at all."""
        return sheet.rank not in self._written

    def _walk(self) -> Iterator[tuple[int, Element]]:
        """The tables, as they begin, their columns and rows, and the styles before them (rank 0).

        Yields:
            The rank of the table, from 1, and its element, column or row, forgotten when the next is asked.
        """
        with self.open(_CONTENT, MAX_SHEET) as source:
            metered = Metered(source)
            opened: list[Element] = []
            rank, inside = 0, 0
            for event, element in iterparse(metered, events=("start", "end")):
                if event == "start":
                    opened.append(element)
                    # Tables stand elsewhere too: in a cell, or as the memory of linked data.
                    if len(opened) == 4 and element.tag == _A_TABLE:
                        rank, inside = rank + 1, 0
                        yield rank, element
                    elif element.tag == _ROW:
                        inside += 1
                    continue
                opened.pop()
                if element.tag == _ROW:
                    inside -= 1
                    if inside == 0 and self._is_of_table(opened):
                        yield rank, element
                elif element.tag == _COLUMN and not inside and self._is_of_table(opened):
                    yield rank, element
                elif len(opened) == 1 and element.tag == f"{_OFFICE}automatic-styles":
                    yield 0, element
                if inside == 0 and len(opened) > 2 and opened[1].tag == f"{_OFFICE}body":
                    opened[-1].remove(element)
                    metered.spent = 0

    @staticmethod
    def _is_of_table(opened: list[Element]) -> bool:
        """Whether what stands below these elements is part of a worksheet, maybe of a group of its rows."""
        return len(opened) > 3 and opened[3].tag == _A_TABLE

    def _contents(self) -> Iterator[SheetInfo]:
        number = merged = 0
        for rank, element in self._walk():
            if rank > MAX_SHEETS:
                raise not_honest(f"a plus de {MAX_SHEETS} feuilles")
            if rank == 0:
                self._learn(element)
            elif element.tag == _A_TABLE:
                number = 0
                title = Received(element.get(f"{_TABLE}name", "")[:LONGEST_TITLE])
                visible = element.get(_STYLE_NAME) not in self._hidden
                yield SheetInfo(title, visible, rank, _CONTENT)
            elif element.tag == _ROW:
                number += 1
                found = list(self._merged(element, number))
                merged += len(found)
                if merged > MAX_MERGES:
                    raise not_honest(f"a plus de {MAX_MERGES} cellules fusionnées")
                self._merges.setdefault(rank, []).extend(found)
                if rank not in self._written and any(map(_is_written, element)):
                    self._written.add(rank)
                number += _repeated(element, "rows") - 1

    @staticmethod
    def _merged(row: Element, number: int) -> Iterator[Merge]:
        column = 1
        for cell in row:
            if cell.tag in _CELLS:
                wide, high = int(cell.get(_WIDE, 1)), int(cell.get(_HIGH, 1))
                if wide > 1 or high > 1:
                    yield Merge(number, column, number + high - 1, column + wide - 1)
                column += _repeated(cell, "columns")

    def _row(self, row: Element, columns: list[str | None]) -> SheetRow:
        """A row without its number."""
        cells: list[str | None] = []
        errors: list[str] = []
        uncomputed: list[int] = []
        usual = row.get(_USUAL_STYLE)
        column = 0
        for cell in row:
            if cell.tag not in _CELLS:
                continue
            count = _repeated(cell, "columns")
            style = cell.get(_STYLE_NAME) or usual
            if style is None and column < len(columns):
                style = columns[column]
            value, missing = self._value(cell, style, errors)
            if value is not None or missing:
                if column + count > MAX_COLUMNS:
                    raise not_honest(f"a une cellule dans la colonne n° {column + count}")
                cells.extend([None] * (column - len(cells)))
                cells.extend([value] * count)
                uncomputed += range(column + 1, column + count + 1) if missing else ()
            column += count
        while cells and cells[-1] is None:
            cells.pop()
        return SheetRow(0, cells, uncomputed, errors)

    def _value(self, cell: Element, style: str | None, errors: list[str]) -> tuple[str | None, bool]:
        """A cell as text, and whether it is a formula without its value."""
        kind = cell.get(_KIND)
        formula = cell.get(_FORMULA) is not None
        if kind is None and not len(cell):
            return None, formula
        if formula or cell.get(_KIND_SHOWN) == "error":
            shown = _shown(cell)
            if cell.get(_KIND_SHOWN) == "error" or _ERROR.fullmatch(shown):
                errors.append(shown)
                return shown or None, False
        if kind in ("float", "currency", "percentage") and (text := cell.get(_VALUE)):
            return self._reader(style if kind == "float" else None)(text), False
        if kind == "date" and (text := cell.get(_DATE)):
            return _MIDNIGHT.sub("", re.sub(r"\.0+$", "", text)), False
        if kind == "time" and (text := cell.get(_TIME)):
            return _time(text), False
        if kind == "boolean" and (text := cell.get(_BOOLEAN)):
            return text, False
        text = cell.get(_STRING)
        return (_shown(cell) if text is None else text) or None, False

    # How a style shows a number

    def _reader(self, style: str | None) -> Callable[[str], str]:
        if style not in self._readers:
            name, steps = style, 0
            data: str | None = None
            while name in self._styles and data is None and steps < _DEEPEST_STYLE:
                data, name = self._styles[name]
                steps += 1
            self._readers[style] = reader_of(self._codes.get(data or "", "General"), False)
        return self._readers[style]

    def _learn(self, styles: Element) -> None:
        for style in styles:
            name = style.get(f"{_STYLE}name", "")
            if style.tag == f"{_NUMBER}number-style":
                self._codes[name] = _code(style)
            elif style.get(f"{_STYLE}family") == "table-cell":
                data, parent = (
                    style.get(f"{_STYLE}{what}") for what in ("data-style-name", "parent-style-name")
                )
                self._styles[name] = (data, parent)
            elif style.get(f"{_STYLE}family") == "table":
                shape = style.find(f"{_STYLE}table-properties")
                if shape is not None and shape.get(f"{_TABLE}display") == "false":
                    self._hidden.add(name)


def _code(style: Element) -> str:
    """A style of whole numbers as Excel writes its format; `General` for another."""
    code = ""
    for part in style:
        if part.tag == f"{_NUMBER}text":
            code += _literal(part.text or "")
        elif part.tag == f"{_NUMBER}number":
            places = int(part.get(f"{_NUMBER}decimal-places", 0))
            digits = int(part.get(f"{_NUMBER}min-integer-digits", 1))
            if places or part.get(f"{_NUMBER}grouping") == "true" or not 0 <= digits <= _LONGEST_CODE:
                return "General"
            inside = {
                int(text.get(f"{_NUMBER}position", 0)): _literal(text.text or "")
                for text in part
                if text.tag == f"{_NUMBER}embedded-text"
            }
            width = max(digits, *inside, 1) if inside else max(digits, 1)
            if width > _LONGEST_CODE:
                return "General"
            code += "".join(
                ("0" if place <= digits else "#") + inside.get(place - 1, "") for place in range(width, 0, -1)
            )
        elif part.tag in (f"{_NUMBER}scientific-number", f"{_NUMBER}fraction"):
            return "General"
    return code or "General"


def _literal(text: str) -> str:
    return '"' + text.replace('"', "") + '"' if text else ""


def _is_written(cell: Element) -> bool:
    return cell.tag in _CELLS and (len(cell) > 0 or cell.get(_KIND) is not None)


def _repeated(element: Element, what: str) -> int:
    said = element.get(_REPEATED[what])
    if said is None:
        return 1
    count = int(said)
    if count < 1:
        raise ValueError(count)
    return count


def _time(text: str) -> str:
    """Hours, minutes and seconds: `10:30:00`, or `36:00:00` for a duration; what is none stays as it is."""
    found = _DURATION.fullmatch(text)
    if found is None:
        return text
    sign, days, hours, minutes, seconds, rest = found.groups()
    total = ((int(days or 0) * 24 + int(hours or 0)) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    part = f".{rest}".rstrip("0").rstrip(".") if rest else ""
    return f"{sign}{total // 3600:02d}:{total // 60 % 60:02d}:{total % 60:02d}{part}"


def _shown(cell: Element) -> str:
    """The paragraphs of a cell, one a line, without its comment."""
    return "\n".join(_words(child) for child in cell if child.tag == _PARAGRAPH)


def _words(element: Element) -> str:
    """The text of a paragraph; several blanks are one, unless an element of their own says how many."""
    words = _BLANKS.sub(" ", element.text or "")
    for child in element:
        if child.tag == f"{_TEXT}s":
            words += " " * min(int(child.get(f"{_TEXT}c", 1)), 1 << 15)
        elif child.tag == f"{_TEXT}tab":
            words += "\t"
        elif child.tag == f"{_TEXT}line-break":
            words += "\n"
        elif child.tag in (f"{_TEXT}span", f"{_TEXT}a"):
            words += _words(child)
        words += _BLANKS.sub(" ", child.tail or "")
    return words
