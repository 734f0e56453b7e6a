"""Reads the rows of a worksheet many at a time, where they are written as spreadsheets write them.

Excel, LibreOffice and openpyxl write `<c r="A2" s="1"><v>7</v></c>`: one regular expression reads thousands
of cells faster than a parser makes elements of them. It knows every byte of the rows that it accepts, or
accepts none: comments, CDATA, prefixes, formulas without a value and faults are for the parser.

The cells of a column have few forms: those met so far make an expression of a whole row, which gives the
texts by columns. A chunk with another form is read cell by cell, and teaches it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from itertools import compress, groupby, pairwise
from operator import itemgetter, lt
from typing import NamedTuple
from xml.etree.ElementTree import Element, fromstring

from donnees_au_centre.landing.blocks import Block, Cells, SheetRow
from donnees_au_centre.landing.cells import moment, of_many, unescaped
from donnees_au_centre.landing.declaration import column_number

# Closes what the head of a sheet opens.
CLOSING = b"</sheetData></worksheet>"

_PROLOG = (
    rb"(?:\xef\xbb\xbf)?"
    rb"(?:<\?xml version=[\"']1\.0[\"']"
    rb"(?: encoding=[\"'](?i:utf-8)[\"'])?(?: standalone=[\"']\w+[\"'])?\s*\?>)?"
)
_HEAD = re.compile(_PROLOG + rb"\s*(<worksheet[^<>]*>).*<sheetData>", re.S)
# The letters of its column, its form (attributes and the start of its text), its text: neither markup nor
# what XML forbids, nor the return, which a parser makes a line feed.
_CELL = re.compile(
    r'<c r="([A-Z]{1,3})[0-9]{0,7}"([^<>]*>(?:<v>|(<is><t(?: xml:space="preserve")?>)|(?<=/>)))'
    r"(?:([^<>\x00-\x08\x0b-\x1f]+)(?(3)</t></is>|</v>)</c>|(?<=/>))"
)
_PARTS = 1 + _CELL.groups
# Of a row of known forms: its number, its other attributes, then its cells.
_ROW = r'<row r="([0-9]{1,7})"([^<>]*>)'
_TEXT = r"([^<>\x00-\x08\x0b-\x1f]+)"
# A formula that has its value says nothing more.
_FORMULA = re.compile(
    r'(?<=>)<f(?: aca="\w+")?(?: t="shared")?(?: ref="[A-Z0-9:]+")?(?: si="[0-9]+")?'
    r"(?:/>|>[^<>&\x00-\x1f]*(?:&(?:amp|lt|gt|quot|apos);[^<>&\x00-\x1f]*)*</f>)(?=<v>)"
)
# The head of the shared strings, and one of them: the text alone, without the runs of a rich one.
_STRINGS = re.compile(_PROLOG + rb"\s*<sst[^<>]*>", re.S)
_STRING = re.compile(r'<si><t(?:/>|(?: xml:space="preserve")?>([^<>\x00-\x08\x0b-\x1f]*)</t>)</si>')
_TEXT_KINDS = ("s", "inlineStr", "str", "b", "d", "e")
# Of these a text is the cell, unless it has an `_xHHHH_`.
_AS_THEY_ARE = ("inlineStr", "str", "e")
# Texts that are remembered of a kind of cell; characters of the longest of them, and of any in a chunk, with
# those of what the cell keeps of it.
_REMEMBERED, _SHORT, _LONGEST = 1 << 15, 100, 4096
# Forms of cells and of rows, and formats of days whose texts are remembered.
_FORMS, _DAYS = 4096, 16
# Forms in the expression of a row, and how many times new ones make another.
_IN_A_ROW, _EXPRESSIONS = 512, 24

_column = lru_cache(1 << 15)(column_number)
Meaning = Callable[[str], str | None]


class PlainRows:
    """The plain rows of one worksheet.

    Args:
        head: its XML up to its first row.
        space: its namespace, in braces.
        meaning: what makes a cell of the text that it keeps, by its `t` and its `s`.
        most: how many rows and columns a sheet may have.

    Raises:
        Exception: of any kind; the sheet is not written as spreadsheets do.
    """

    def __init__(  # noqa: D107
        self, head: bytes, space: str, meaning: Callable[[str, str], Meaning], most: tuple[int, int]
    ) -> None:
        found, root = _HEAD.fullmatch(head), fromstring(head + CLOSING)
        if found is None or (root.tag, root[-1].tag) != (f"{space}worksheet", f"{space}sheetData"):
            raise ValueError(root.tag)
        if any(inner.tag.endswith("}row") for child in root for inner in child):
            raise ValueError(head)
        self._root, self._space, self._meaning = found[1], space, meaning
        self._last_row, self._last_column = most
        self._rows: set[str] = set()
        self._cells: dict[str, Meaning] = {}
        self._errors: set[str] = set()
        self._texts = {kind: _Remembered(meaning(kind, "")) for kind in _TEXT_KINDS}
        self._decoded = _Remembered(lambda text: fromstring(f"<t>{text}</t>").text)
        self._days: dict[Meaning, _Remembered] = {}
        self._usual: list[str] = []
        self._lanes: dict[tuple[int, str, str], _Lane] = {}
        self._row: re.Pattern[str] | None = None
        self._ordered: list[_Lane] = []
        self._expressions = 0

    def read(self, chunk: bytes, number: int) -> Block | list[SheetRow]:
        """Reads whole rows.

        Args:
            chunk: their XML.
            number: of the row before them.

        Raises:
            Exception: of any kind; they are not plain, or have a fault that the parser will say.
        """
        xml = chunk.decode()
        if "\ufffe" in xml or "\uffff" in xml:
            raise ValueError
        if "<f" in xml:
            xml = _FORMULA.sub("", xml)
        return self._block(xml, number) or self._one_by_one(xml, number)

    def _block(self, xml: str, number: int) -> Block | None:
        """Rows whose forms are all in the expression; None for others."""
        if self._row is None:
            return None
        parts = self._row.split(xml)
        step = 1 + self._row.groups
        if len(parts) == 1 or any(parts[::step]) or not self._rows.issuperset(parts[2::step]):
            return None
        numbers = [*map(int, parts[1::step])]
        if numbers[-1] > self._last_row or not all(map(lt, [number, *numbers], numbers)):
            raise ValueError(numbers)
        columns: list[Cells] = [[None] * len(numbers)] * self._ordered[-1].column
        errors, former = [], 0
        for place, lane in enumerate(self._ordered, start=3):
            texts: Cells = parts[place::step]
            # Seldom more than one form of a column: that of the header is in the first rows alone.
            if not any(texts):
                continue
            if "&" in xml:
                texts = [self._decoded[text] if text and "&" in text else text for text in texts]
            if lane.is_error:
                errors.append(texts)
            cells = lane.meaning(texts)
            if lane.column == former:
                # Of a row, one lane alone of a column has a text.
                cells = [
                    one if two is None else two for one, two in zip(columns[former - 1], cells, strict=True)
                ]
            former = lane.column
            columns[former - 1] = cells
        return Block(numbers, columns, errors)

    def _teach(self, names: list[str], forms: list[str]) -> None:
        """Makes the expression of a row anew, when one of these forms is not in it."""
        new = {
            (_column(name), name, form) for name, form in zip(names, forms, strict=True)
        } - self._lanes.keys()
        if not new or len(self._lanes) + len(new) > _IN_A_ROW or self._expressions == _EXPRESSIONS:
            return
        self._expressions += 1
        for column, name, form in new:
            self._lanes[column, name, form] = _Lane(column, self._of_many(form), form in self._errors)
        pieces, self._ordered = [_ROW], []
        for name, keys in groupby(sorted(self._lanes), key=itemgetter(1)):
            ways = []
            for key in keys:
                text = _TEXT + ("</t></is></c>" if "<is>" in key[2] else "</v></c>")
                ways.append(re.escape(key[2]) + ("" if key[2].endswith("/>") else text))
                self._ordered += [] if key[2].endswith("/>") else [self._lanes[key]]
            pieces.append(f'(?><c r="{name}[0-9]{{0,7}}"(?>{"|".join(ways)}))?+')
        self._row = re.compile("".join([*pieces, "</row>"])) if self._ordered else None

    def _of_many(self, form: str) -> Callable[[Cells], Cells]:
        """What makes the cells of a column of the texts of a form."""
        meaning = self._cells[form]
        known = getattr(meaning, "__self__", None)
        if not isinstance(known, _Remembered):
            return of_many(meaning)
        if all(known is not self._texts[kind] for kind in _AS_THEY_ARE):
            return lambda texts: [*map(known.__getitem__, texts)]
        return lambda texts: (
            [*map(known.__getitem__, texts)] if "_x" in "".join(filter(None, texts)) else texts
        )

    def _one_by_one(self, xml: str, number: int) -> list[SheetRow]:
        parts = _CELL.split(xml)
        between, names, forms, texts = (parts[place::_PARTS] for place in (0, 1, 2, 4))
        if "&" in xml:
            texts = [self._decoded[text] if text and "&" in text else text for text in texts]
        for form in set(forms) - self._cells.keys():
            self._learn(form)
        known = self._cells
        cells = [known[form](text) for form, text in zip(forms, texts, strict=True)]
        wrong = not self._errors.isdisjoint(forms)
        starts = list(compress(range(len(between)), between))
        if len(starts) < 2 or starts[0] or starts[-1] != len(cells) or between[-1] != "</row>":
            raise ValueError(starts)
        rows = []
        for start, end in pairwise(starts):
            former, number = number, self._number(between[start], "</row><row r=" if start else "<row r=")
            if not former < number <= self._last_row:
                raise ValueError(number)
            placed = self._placed(names[start:end], cells[start:end])
            among = range(start, end) if wrong else ()
            errors = [texts[place] for place in among if forms[place] in self._errors]
            rows.append(SheetRow(number, placed, [], errors))
        self._teach(names, forms)
        return rows

    def _number(self, tag: str, before: str) -> int:
        """The number of a row, from the tags before its first cell."""
        opening, number, form = tag.split('"', 2)
        if opening != before or not number.isdecimal():
            raise ValueError(tag)
        if form not in self._rows:
            attributes, end, more = form.partition(">")
            if more or not end:
                raise ValueError(tag)
            self._element("row", attributes)
            if len(self._rows) > _FORMS:
                self._rows.clear()
            self._rows.add(form)
        return int(number)

    def _placed(self, names: list[str], cells: list[str | None]) -> list[str | None]:
        """The cells of a row in their columns."""
        if names != self._usual[: len(names)]:
            columns = [_column(name) for name in names]
            if columns != list(range(1, len(names) + 1)) or len(names) > self._last_column:
                return self._spread(columns, cells)
            self._usual = names
        while cells and cells[-1] is None:
            cells.pop()
        return cells

    def _spread(self, columns: list[int], cells: list[str | None]) -> list[str | None]:
        if max(columns) > self._last_column:
            raise ValueError(columns)
        spread: list[str | None] = []
        for column, cell in zip(columns, cells, strict=True):
            if cell is not None:
                if column <= len(spread):
                    raise ValueError(column)
                spread.extend([None] * (column - 1 - len(spread)))
                spread.append(cell)
        return spread

    def _learn(self, form: str) -> None:
        """Finds how to read the cells of a form."""
        attributes, _, inside = form.partition(">")
        cell = self._element("c", attributes.removesuffix("/"))
        kind = cell.get("t", "n")
        if len(self._cells) > _FORMS:
            self._cells.clear()
        if attributes.endswith("/"):
            self._cells[form] = _nothing
        elif inside.startswith("<is>") != (kind == "inlineStr"):
            raise ValueError(form)
        elif kind == "n":
            meaning = self._meaning(kind, cell.get("s", "0"))
            if getattr(meaning, "func", None) is moment and len(self._days) < _DAYS:
                meaning = self._days.setdefault(meaning, _Remembered(meaning)).__getitem__
            self._cells[form] = meaning
        else:
            self._cells[form] = self._texts[kind].__getitem__
            if kind == "e":
                self._errors.add(form)

    def _element(self, name: str, attributes: str) -> Element:
        """An element as the parser understands it in the sheet, its attributes and its namespace."""
        xml = f'<{name} r="1"{attributes}/></worksheet>'
        element = fromstring(self._root + xml.encode())[0]
        if element.tag != self._space + name:
            raise ValueError(xml)
        return element


def are_strings(head: bytes) -> bool:
    """Whether what stands before the first shared string is written as spreadsheets do."""
    return _STRINGS.fullmatch(head) is not None and fromstring(head + b"</sst>").tag.endswith("}sst")


def plain_strings(chunk: bytes) -> list[str] | None:
    """The texts of whole shared strings; None where some are not plain.

    Raises:
        Exception: of any kind; only a parser can say what they are.
    """
    xml = chunk.decode()
    if "\ufffe" in xml or "\uffff" in xml:
        raise ValueError
    parts = _STRING.split(xml)
    if any(parts[::2]):
        return None
    texts = [text or "" for text in parts[1::2]]
    if "&" in xml:
        texts = [fromstring(f"<t>{text}</t>").text or "" if "&" in text else text for text in texts]
    return [*map(unescaped, texts)] if "_x" in xml or "&" in xml else texts


class _Lane(NamedTuple):
    """The cells of one form in one column.

    Attributes:
        column: from 1.
        meaning: what makes the cells of their texts; None stays.
        is_error: whether they are Excel errors.
    """

    column: int
    meaning: Callable[[Cells], Cells]
    is_error: bool


class _Remembered(dict[str | None, str | None]):
    """The cells of a kind by their text."""

    def __init__(self, meaning: Meaning) -> None:
        super().__init__()
        self._meaning = meaning

    def __missing__(self, text: str | None) -> str | None:
        if text is None:
            return None
        cell = self._meaning(text)
        length = len(text) + len(cell or "")
        if length <= _SHORT:
            if len(self) >= _REMEMBERED:
                self.clear()
            self[text] = cell
        elif length > _LONGEST:
            raise ValueError(length)
        return cell


def _nothing(text: str | None) -> None:
    if text is not None:
        raise ValueError(text)
