"""Reads the rows of an XLSX sheet as text, as near to what was received as the format allows."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from orchestration.errors import PlatformError
from orchestration.landing.declaration import Variant
from orchestration.landing.rejects import Reject, RejectSpool

_ZEROS = re.compile(r"0+")
_FORMULA = re.compile(rb"<f[ >/]")
# What XML and XLSX cannot write as such comes as _x0000_: only NUL matters to PostgreSQL.
_BROKEN = (zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError, ParseError, TypeError)

SheetRow = tuple[int, list[str | None]]


class Sheet:
    """One worksheet of a workbook.

    Args:
        file: the workbook, opened at its start.
        variant: how it is declared (`sheet`, `header`, `header_row`).
        rejects: receives what is no row.

    Raises:
        PlatformError: not an XLSX, or no such sheet.
    """

    def __init__(self, file: BinaryIO, variant: Variant, rejects: RejectSpool) -> None:  # noqa: D107
        self.rejects = rejects
        self.blank_rows = 0
        self._variant = variant
        self._file = file
        try:
            self._book = openpyxl.load_workbook(file, read_only=True, data_only=True)
            self._sheet = self._choose(self._book)
            self._formulas = self._has_formulas()
        except _BROKEN as error:
            raise _unreadable(error) from error
        self._rows = self._guarded()

    def _choose(self, book: Any) -> Any:
        wanted, sheets = self._variant.sheet, book.worksheets
        for position, sheet in enumerate(sheets, start=1):
            if wanted in (position, sheet.title):
                # A wrong size, as some tools write it, would hide rows.
                sheet.reset_dimensions()
                return sheet
        titles = ", ".join(f"« {sheet.title} »" for sheet in sheets)
        raise PlatformError(
            f"Le classeur n'a pas de feuille « {wanted} ». Feuilles présentes : {titles}.",
            "Corrigez `sheet` dans la déclaration, ou demandez au fournisseur ce qui a changé.",
        )

    def _has_formulas(self) -> bool:
        with self._sheet._get_source() as source:
            tail = b""
            while chunk := source.read(1 << 20):
                if _FORMULA.search(tail + chunk):
                    return True
                tail = chunk[-3:]
        return False

    def _read(self) -> Iterator[tuple[int, list[str | None], bool]]:
        """Every row: its number, its cells as text, and whether a formula lacks its value."""
        values = self._sheet.iter_rows()
        if not self._formulas:
            for number, cells in enumerate(values, start=1):
                yield number, [_text(cell) for cell in cells], False
            return
        # openpyxl gives either values or formulas: two readings side by side find the uncomputed ones.
        book = openpyxl.load_workbook(self._file, read_only=True)
        formulas = self._choose(book).iter_rows()
        for number, (cells, written) in enumerate(zip(values, formulas, strict=True), start=1):
            missing = any(
                cell.value is None and cell.data_type == "n" and formula.data_type == "f"
                for cell, formula in zip(cells, written, strict=True)
            )
            yield number, [_text(cell) for cell in cells], missing

    def header(self) -> list[str] | None:
        """Reads the header row, without the empty cells at its end.

        Returns:
            The names as received, or None when the sheet ends before it.

        Raises:
            PlatformError: the sheet is damaged, or the header row is blank.
        """
        for number, cells, _ in self._rows:
            if number == self._variant.header_row:
                names = _trimmed(cells)
                if not names:
                    raise PlatformError(
                        f"La ligne d'en-tête ({number}) de la feuille est vide.",
                        "Corrigez `header_row` dans la déclaration.",
                    )
                return [name or "" for name in names]
        return None

    def rows(self, width: int) -> Iterator[SheetRow]:
        """Gives the rows below the header, `width` cells each; what is no row goes to the rejects.

        Raises:
            PlatformError: the sheet is damaged.
        """
        blank_mark = None
        for number, cells, uncomputed in self._rows:
            filled = _trimmed(cells)
            if not filled and not uncomputed:
                blank_mark = blank_mark or self.rejects.mark()
                self.blank_rows += 1
                self._refuse(number, "ligne_vide", "une ligne vide au milieu de la feuille", [])
                continue
            blank_mark, self.blank_rows = None, 0
            if uncomputed:
                detail = (
                    "une formule dont le résultat n'est pas enregistré : ouvrez et enregistrez le classeur"
                )
                self._refuse(number, "formule_sans_valeur", detail, filled)
            elif len(filled) > width:
                self._refuse(
                    number, "nombre_de_champs", f"{len(filled)} cellules au lieu de {width} au plus", filled
                )
            elif any("\0" in cell for cell in filled if cell):
                self._refuse(number, "caractere_nul", "un caractère nul", filled)
            else:
                yield number, filled + [None] * (width - len(filled))
        if blank_mark:
            self.rejects.back_to(blank_mark)

    def _guarded(self) -> Iterator[tuple[int, list[str | None], bool]]:
        try:
            yield from self._read()
        except _BROKEN as error:
            raise _unreadable(error) from error

    def _refuse(self, number: int, motif: str, detail: str, cells: Sequence[str | None]) -> None:
        text = "\t".join(cell or "" for cell in cells)
        raw = text.encode("utf-8", "backslashreplace")
        self.rejects.add(Reject(number, None, motif, detail, text.replace("\0", "\\x00"), raw))


def _unreadable(error: Exception) -> PlatformError:
    return PlatformError(
        f"Le classeur est illisible ({type(error).__name__} : {error}).",
        "Vérifiez que c'est bien un .xlsx entier (ni .xls ni CSV renommé, ni protégé par un mot de passe), "
        "ou demandez un nouveau fichier.",
    )


def _trimmed(cells: list[str | None]) -> list[str | None]:
    """The cells without the empty ones at the end."""
    last = next((place for place in range(len(cells), 0, -1) if cells[place - 1] is not None), 0)
    return cells[:last]


def _text(cell: Any) -> str | None:
    """A cell as text: ISO dates, no `.0` after integers, zeros in front where the format shows them."""
    value = cell.value
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime):
        return (value.date() if value.time() == datetime.time() else value).isoformat()
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):
        return _duration(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int):
        zeros = len(cell.number_format) if _ZEROS.fullmatch(cell.number_format or "") else 0
        return f"{value:0{zeros + (value < 0)}d}"
    return repr(value)


def _duration(value: datetime.timedelta) -> str:
    """Hours, minutes and seconds, as the format [h]:mm:ss shows them."""
    seconds = round(value.total_seconds())
    sign = "-" if seconds < 0 else ""
    minutes, seconds = divmod(abs(seconds), 60)
    return f"{sign}{minutes // 60}:{minutes % 60:02d}:{seconds:02d}"
