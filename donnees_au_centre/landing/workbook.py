"""Reads the table that a declaration describes in the worksheets of a workbook."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import BinaryIO

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing.blocks import Block, Copied, SheetRow
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.identifiers import joined_names
from donnees_au_centre.landing.legacy_workbook import LegacyBook
from donnees_au_centre.landing.opendocument import OpenDocumentBook
from donnees_au_centre.landing.received import Withheld
from donnees_au_centre.landing.rejects import OUT_OF_TABLE, Reject, RejectSpool
from donnees_au_centre.landing.spreadsheet import Book, Merge, SheetInfo, Sheets
from donnees_au_centre.landing.workbook_hints import header_hint

# With several sheets, source_ligne is the place of the sheet times this, plus the row: rows have 7 digits.
SHEET_STRIDE = 10_000_000
_SHOWN = 8
# What Excel writes in a cell in error; another writer may write anything there.
ERRORS = (
    "#NULL!",
    "#DIV/0!",
    "#VALUE!",
    "#REF!",
    "#NAME?",
    "#NUM!",
    "#N/A",
    "#GETTING_DATA",
    "#SPILL!",
    "#CALC!",
)

TableRow = tuple[int, list[str | None]]
BOOKS: dict[str, Callable[[BinaryIO], Sheets]] = {
    "xlsx": Book,
    "ods": OpenDocumentBook,
    "xls": LegacyBook,
}


class Workbook:
    """One workbook, as a variant reads it.

    Args:
        file: the workbook, seekable.
        variant: how it is declared.

    Raises:
        PlatformError: not a whole workbook, or no such sheet.
    """

    def __init__(self, file: BinaryIO, variant: Variant) -> None:  # noqa: D107
        self.book: Sheets = BOOKS[variant.file_format](file)
        self.variant = variant
        self._read = _chosen(self.book, variant)

    def tables(self, rejects: RejectSpool) -> list[SheetTable]:
        """The table of each sheet read, in the order of the tabs; what is no row goes to the rejects."""
        return [SheetTable(self.book, sheet, self.variant, rejects) for sheet in self._read]

    def warnings(self) -> list[str]:
        """French sentences on the sheets that are not read, and on hidden ones that are."""
        read = {sheet.rank for sheet in self._read}
        read |= {
            sheet.rank for wanted in self.variant.elsewhere for sheet in _matching(self.book.sheets, wanted)
        }
        others = [
            sheet for sheet in self.book.sheets if sheet.rank not in read and not self.book.is_blank(sheet)
        ]
        said = []
        for what, sheets in (
            ("Feuilles non lues", [sheet for sheet in others if sheet.visible]),
            ("Feuilles masquées non lues", [sheet for sheet in others if not sheet.visible]),
            ("Feuilles masquées lues", [sheet for sheet in self._read if not sheet.visible]),
        ):
            if sheets:
                said.append(f"{what} : {_listed(sheets, self.variant)}.")
        return said

    def shown(self, sheet: SheetInfo) -> str:
        """How messages name a sheet: by its title where the declaration gives it, else by its rank."""
        return _shown(sheet, self.variant)


class SheetTable:
    """The table in one worksheet.

    Attributes:
        sheet: where it is.
        blank_rows: blank rows below the table.
        out_of_table: rows, or parts of rows, that the declaration leaves out.
        errors: cells in error, by what Excel shows (`#N/A`).
    """

    def __init__(self, book: Sheets, sheet: SheetInfo, variant: Variant, rejects: RejectSpool) -> None:  # noqa: D107
        self.sheet = sheet
        self.blank_rows = self.out_of_table = 0
        self.errors: Counter[str] = Counter()
        self._book = book
        self._variant = variant
        self._rejects = rejects
        self._several = bool(variant.sheets)
        self._footer = re.compile(variant.footer) if variant.footer else None
        self._too_wide = self._first_wide = 0
        self._width = 0
        # The last row of the header, then the last row that was not blank.
        self._last = variant.header_row - 1
        self._source = book.pieces(sheet) if isinstance(book, Book) else book.rows(sheet)
        # Rows that were taken out of their block.
        self._apart: Iterator[SheetRow] = iter(())
        self._held: SheetRow | None = None

    def header(self) -> list[str] | None:
        """Reads the header, without the empty cells at its end; what stands above is out of the table.

        Returns:
            The names as received, or None when the sheet ends before them.

        Raises:
            PlatformError: the sheet is damaged, or the header is blank.
        """
        first, count = self._variant.header_row, self._variant.header_rows
        lines: list[list[str]] = [[] for _ in range(count)]
        for row in self._table_rows():
            if row.number >= first + count:
                self._held = row
                break
            lines[row.number - first] = [cell or "" for cell in _trimmed(row.cells)]
        self._last = first + count - 1
        if any(lines):
            return joined_names(lines)
        if self._held is None:
            return None
        raise PlatformError(
            f"La ligne d'en-tête ({first}) de la feuille {self.shown} est vide ; la première ligne "
            f"remplie ensuite est la {self._held.number}.",
            "Corrigez `header_row` dans la déclaration.",
        )

    def rows(self, width: int) -> Iterator[TableRow]:
        """Gives the rows below the header, `width` cells each; what is no row goes to the rejects.

        Raises:
            PlatformError: the sheet is damaged.
        """
        for row in self._below(width, many=False):
            assert not isinstance(row, Copied)
            yield row

    def pieces(self, width: int) -> Iterator[TableRow | Copied]:
        """The same rows, many at a time where nothing is to be said of any.

        Raises:
            PlatformError: the sheet is damaged.
        """
        return self._below(
            width, many=not self._variant.range and not self._variant.fill_merged and not self._footer
        )

    def _below(self, width: int, many: bool) -> Iterator[TableRow | Copied]:
        self._width = width
        merged = (
            _Merged(self._book, self.sheet, width, self._first_column) if self._variant.fill_merged else None
        )
        last = self._last
        rows = self._table_pieces(many)
        for row in rows:
            if isinstance(row, Copied):
                last = self._last
                yield row
                continue
            last = row.number
            filled = _trimmed(row.cells)
            if not filled and not row.uncomputed:
                continue
            if self._is_footer(filled):
                self.blank_rows = row.number - self._last - 1
                self._leave_out(row.number, row.cells)
                for below in self._table_rows():
                    self._leave_out(below.number, below.cells)
                return
            self._note_blank(row.number)
            if merged:
                filled = merged.fill(row.number, filled)
            accepted = self._accepted(row, filled)
            if accepted:
                yield accepted
        self.blank_rows = last - self._last

    def _accepted(self, row: SheetRow, filled: list[str | None]) -> TableRow | None:
        if row.uncomputed:
            detail = "une formule dont le résultat n'est pas enregistré : ouvrez et enregistrez le classeur"
            self._refuse(row.number, "formule_sans_valeur", detail, filled)
        elif len(filled) > self._width:
            self._too_wide += 1
            self._first_wide = self._first_wide or row.number
            detail = f"{len(filled)} cellules au lieu de {self._width} au plus"
            self._refuse(row.number, "nombre_de_champs", detail, filled)
        elif any("\0" in cell for cell in filled if cell):
            self._refuse(row.number, "caractere_nul", "un caractère nul", filled)
        else:
            self.errors.update(row.errors)
            return self.line(row.number), filled + [None] * (self._width - len(filled))
        return None

    def line(self, number: int) -> int:
        """The value of source_ligne for a row of the sheet."""
        return self.sheet.rank * SHEET_STRIDE + number if self._several else number

    def hint(self, required: Collection[str]) -> str:
        """A French sentence on where the required columns are in the workbook, "" when nowhere."""
        return header_hint(self._book, self.sheet, self._variant, required)

    def warnings(self) -> list[str]:
        """French sentences on what was read, once it has been read."""
        said = []
        if self.errors:
            named: Counter[str] = Counter()
            for error, count in self.errors.items():
                named[error if error in ERRORS else "une autre erreur"] += count
            shown = ", ".join(f"{error} {count} fois" for error, count in named.most_common(_SHOWN))
            said.append(f"Cellules en erreur dans Excel, nulles au typage : {shown}.")
        if self._too_wide:
            said.append(
                f"Des cellules dépassent l'en-tête, d'abord à la ligne {self._first_wide} : si ce sont des "
                f"notes à côté du tableau, écrivez `range: '{self._letters()}'`."
            )
        merged = [] if self._variant.fill_merged else self._merged_rows()
        if merged:
            said.append(
                f"Cellules fusionnées dans le tableau, d'abord à la ligne {merged[0]} : seule la première de "
                "chaque groupe a la valeur ; `fill_merged: true` la répète."
            )
        where = f"Feuille {self.shown} : " if self._several else ""
        return [f"{where}{sentence}" for sentence in said]

    def _merged_rows(self) -> list[int]:
        """First rows of the merged cells that stand in the table."""
        start = self._variant.header_row + (self._variant.header_rows if self._variant.header else 0)
        first = self._first_column
        return sorted(
            merge.top
            for merge in self._book.merges(self.sheet)
            if start <= merge.top <= self._last and first <= merge.left < first + self._width
        )

    def _letters(self) -> str:
        first = self._first_column
        return f"{_letter(first)}:{_letter(first + self._width - 1)}"

    @property
    def shown(self) -> str:
        """How messages name the sheet."""
        return _shown(self.sheet, self._variant)

    @property
    def _first_column(self) -> int:
        return self._variant.range[0] if self._variant.range else 1

    def _table_rows(self) -> Iterator[SheetRow]:
        """The rows from the header on, cut to the declared columns."""
        for row in self._table_pieces(many=False):
            assert not isinstance(row, Copied)
            yield row

    def _table_pieces(self, many: bool) -> Iterator[SheetRow | Copied]:
        """The same rows, many at a time where they may be."""
        if self._held is not None:
            held, self._held = self._held, None
            yield held
        while True:
            for row in self._apart:
                if row.number < self._variant.header_row:
                    self._leave_out(row.number, row.cells)
                    continue
                yield self._cut(row) if self._variant.range else row
            piece = next(self._source, None)
            if piece is None:
                return
            copied = self._whole(piece) if many and isinstance(piece, Block) else None
            if copied is not None:
                yield copied
            else:
                self._apart = piece.rows() if isinstance(piece, Block) else iter((piece,))

    def _whole(self, block: Block) -> Copied | None:
        """A block that has nothing but rows, right after the row before it."""
        if block.numbers[0] != self._last + 1:
            return None
        copied = block.copied(self._width, self.line(0))
        if copied is not None:
            self._last = block.numbers[-1]
            for column in block.errors:
                self.errors.update(filter(None, column))
        return copied

    def _cut(self, row: SheetRow) -> SheetRow:
        assert self._variant.range is not None
        first, last = self._variant.range
        inside = row.cells[first - 1 : last]
        self._leave_out(row.number, [*row.cells[: first - 1], *row.cells[last:]], "hors des colonnes lues")
        errors = [cell for cell in inside if cell in row.errors]
        uncomputed = [column for column in row.uncomputed if first <= column <= last]
        return SheetRow(row.number, inside, uncomputed, errors)

    def _is_footer(self, filled: Sequence[str | None]) -> bool:
        if self._footer is None:
            return False
        first = next((cell.strip() for cell in filled if cell and cell.strip()), "")
        return self._footer.fullmatch(first) is not None

    def _note_blank(self, number: int) -> None:
        """Refuses the blank rows since the last row that was not, as one range."""
        first, last = self._last + 1, number - 1
        self._last = number
        if last >= first:
            detail = (
                "une ligne vide au milieu de la feuille"
                if first == last
                else f"{last - first + 1} lignes vides au milieu de la feuille, jusqu'à la ligne {last}"
            )
            self._refuse(first, "ligne_vide", detail, [])

    def _leave_out(
        self, number: int, cells: Sequence[str | None], detail: str = "hors du tableau déclaré"
    ) -> None:
        """Keeps what the declaration leaves out of a row, unless it is blank."""
        if any(cell and cell.strip() for cell in cells):
            self.out_of_table += 1
            self._refuse(number, OUT_OF_TABLE, detail, cells)

    def _refuse(self, number: int, motif: str, detail: str, cells: Sequence[str | None]) -> None:
        if self._several:
            detail = f"feuille « {self.sheet.title.text} », ligne {number} : {detail}"
        text = "\t".join(cell or "" for cell in cells)
        raw = text.encode("utf-8", "backslashreplace")
        self._rejects.add(Reject(self.line(number), None, motif, detail, text.replace("\0", "\\x00"), raw))


class _Merged:
    """Repeats the value of merged cells over the rows and columns of a table."""

    def __init__(self, book: Sheets, sheet: SheetInfo, width: int, first_column: int) -> None:
        merges = (
            merge._replace(left=max(merge.left - first_column, 0), right=merge.right - first_column)
            for merge in book.merges(sheet)
            if merge.right >= first_column and merge.left < first_column + width
        )
        self._width = width
        self._waiting = sorted(merges, reverse=True)
        self._open: list[tuple[Merge, str | None]] = []

    def fill(self, number: int, cells: list[str | None]) -> list[str | None]:
        """The cells of a row with the values of the merged cells that reach it."""
        self._open = [(merge, value) for merge, value in self._open if merge.bottom >= number]
        while self._waiting and self._waiting[-1].top <= number:
            merge = self._waiting.pop()
            if merge.bottom >= number:
                value = cells[merge.left] if merge.top == number and merge.left < len(cells) else None
                self._open.append((merge, value))
        if len(self._open) > self._width:
            raise PlatformError(
                "Le classeur a des cellules fusionnées qui se recouvrent : il n'est pas lu.",
                "Ouvrez-le et enregistrez-le dans Excel, ou demandez un nouveau fichier.",
            )
        for merge, value in self._open:
            end = min(merge.right + 1, self._width)
            cells = [*cells, *[None] * (end - len(cells))] if value is not None else cells
            for place in range(merge.left, end if value is not None else 0):
                cells[place] = value
        return cells


def _chosen(book: Sheets, variant: Variant) -> list[SheetInfo]:
    found = [(wanted, _matching(book.sheets, wanted)) for wanted in variant.wanted_sheets]
    for wanted, sheets in found:
        if not sheets:
            raise _no_sheet(book, wanted)
    ranks = {sheet.rank for _, sheets in found for sheet in sheets}
    return [sheet for sheet in book.sheets if sheet.rank in ranks]


def _matching(sheets: Sequence[SheetInfo], wanted: str | int | None) -> list[SheetInfo]:
    """The sheets of a title, of a pattern of titles, or else of a place among the visible ones."""
    visible = [sheet for sheet in sheets if sheet.visible]
    if wanted is None:
        return (visible or list(sheets))[:1]
    name = _folded(str(wanted))
    titled = [sheet for sheet in sheets if _folded(sheet.title.text) == name]
    if titled:
        return titled[:1]
    if isinstance(wanted, int):
        return visible[wanted - 1 : wanted]
    return [sheet for sheet in visible if fnmatchcase(_folded(sheet.title.text), name)]


def _no_sheet(book: Sheets, wanted: str | int | None) -> PlatformError:
    hidden = sum(not sheet.visible for sheet in book.sheets)
    return Withheld(
        f"Le classeur n'a pas de feuille « {wanted or 1} ». Il en a {len(book.sheets)}"
        f"{f', dont {hidden} masquée(s)' if hidden else ''}.",
        "Corrigez `sheet` (ou `sheets`) dans la déclaration : un titre entre guillemets, ou un rang parmi "
        "les feuilles visibles. Si le fournisseur a changé ses titres, ajoutez une variante.",
        "les titres des feuilles",
        [sheet.title for sheet in book.sheets],
    )


def _shown(sheet: SheetInfo, variant: Variant) -> str:
    """« Agents » where the declaration names the sheet, else its rank among all of them."""
    title = _folded(sheet.title.text)
    declared = (str(wanted) for wanted in (*variant.wanted_sheets, *variant.elsewhere) if wanted is not None)
    named = next((wanted for wanted in declared if _folded(wanted) == title), None)
    return f"« {named} »" if named else f"n° {sheet.rank}"


def _listed(sheets: Sequence[SheetInfo], variant: Variant) -> str:
    shown = ", ".join(_shown(sheet, variant) for sheet in sheets[:_SHOWN])
    return shown + (f" et {len(sheets) - _SHOWN} autres" if len(sheets) > _SHOWN else "")


def _folded(title: str) -> str:
    """Titles are the same for Excel whatever their case."""
    return unicodedata.normalize("NFC", title).strip().casefold()


def _letter(column: int) -> str:
    letters = ""
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return letters


def _trimmed(cells: Sequence[str | None]) -> list[str | None]:
    """The cells without the blank ones at the end."""
    last = len(cells)
    while last and not (cells[last - 1] or "").strip():
        last -= 1
    return list(cells[:last])
