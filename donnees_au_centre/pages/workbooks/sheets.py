"""The workbook itself: sheets, formats, what may be filled in."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell, MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from donnees_au_centre import french
from donnees_au_centre.administration import ours
from donnees_au_centre.inert import formula
from donnees_au_centre.landing.cells import escaped
from donnees_au_centre.pages.quality.content import GRAVITIES
from donnees_au_centre.pages.workbooks.aside import Aside
from donnees_au_centre.pages.workbooks.faults import Found
from donnees_au_centre.pages.workbooks.lines import Line, spelled, words
from donnees_au_centre.pages.workbooks.memory import Said
from donnees_au_centre.project.datasets import Responsible

README, FAULTS, ASIDE, AGAIN = "Lisez-moi", "À corriger", "Écarts", "Noté, encore en faute"
MARK, BEFORE, DOMAIN, ABOUT = "Repère", "Noté avant", "Administration", "Contrôle"
DONE, WHEN = "Ce qui a été fait", "Date"
HIDDEN = (MARK, BEFORE, DOMAIN, ABOUT)
# As French writes them: day before month, whatever the machine.
DAY = "[$-80C]dd/mm/yyyy"
MOMENT = "[$-80C]dd/mm/yyyy hh:mm"
COUNT = "[$-80C]#,##0"
WHOLE = "0"
# Where a copy is put back; as `make report` names the folder to its reader.
RETURNS_PATH = "build/reports/gestionnaires/retours"
# Excel's own bound for a cell, and the digits that its numbers keep.
LONGEST, DIGITS = 32_767, 15
# What stands for a value: hidden by the écarts models, or absent (as in `lines.words`).
MASKED, EMPTY = "***", words(None)
HOW_TO = (
    f"1. Dans les feuilles « {FAULTS} » et « {ASIDE} », chaque ligne est une ligne de données à corriger.",
    "2. Corrigez à la source : le fichier chez qui l'envoie, l'application d'où il vient ; jamais ici.",
    f"3. Notez-le dans les cases jaunes, « {DONE} » et « {WHEN} » (JJ/MM/AAAA), sans nommer de personne.",
    f"4. Enregistrez et fermez, ici ou dans le dossier « {RETURNS_PATH} » : la prochaine exécution lit vos "
    "notes, les garde, et les rend sur la ligne si elle est encore en faute.",
    f"« {MASKED} » : une valeur cachée, parce que c'est une donnée personnelle ; le fichier et la ligne "
    f"suffisent à la retrouver. « {EMPTY} » : aucune valeur.",
)
DARK, PALE, EDGE = "14263D", "FFF6D6", "D5DBE2"
# Who mends what decides how a workbook looks wants to see it.
_PROGRAMS = [(Path(__file__).parent / name).read_bytes() for name in ("sheets.py", "lines.py")]
_EDGE = Border(bottom=Side(style="thin", color=EDGE))


@dataclass(frozen=True)
class Column:
    """A column of a sheet.

    Attributes:
        title: in French.
        width: in characters.
        value: of a line.
    """

    title: str
    width: int
    value: Callable[[Line], Any]


COLUMNS: Mapping[str, tuple[Column, ...]] = {
    FAULTS: (
        Column("Jeu de données", 24, lambda line: line.dataset),
        Column("Règle non respectée", 42, lambda line: line.what),
        Column("Gravité", 15, lambda line: line.gravity),
        Column("Depuis le", 12, lambda line: line.since),
        Column("Fichier reçu", 26, lambda line: line.file),
        Column("Ligne", 8, lambda line: line.number),
        Column("Ligne en cause", 30, lambda line: spelled(line.key)),
        Column("Colonne", 18, lambda line: line.column),
        Column("Valeur", 18, lambda line: EMPTY if line.column and line.value is None else line.value),
        Column("Le reste de la ligne", 44, lambda line: spelled(line.others)),
        Column("Que faire", 38, lambda line: line.advice),
    ),
    ASIDE: (
        Column("Source", 28, lambda line: line.dataset),
        Column("Nature", 16, lambda line: line.gravity),
        Column("Fichier reçu", 30, lambda line: line.file),
        Column("Ligne", 8, lambda line: line.number),
        Column("Colonne", 20, lambda line: line.column),
        Column("Valeur reçue", 30, lambda line: EMPTY if line.column and line.value is None else line.value),
        Column("Raison", 40, lambda line: line.what),
        Column("Que faire", 38, lambda line: line.advice),
    ),
}


@dataclass(frozen=True)
class Content:
    """All that the workbook of one steward holds.

    Attributes:
        steward: whose it is.
        roles: administration -> the role whose rights were used.
        found: its controls that are bad.
        aside: its sources of which something was put aside.
        unplayable: what could not be checked or built, in French sentences.
        said: mark -> the newest statement, of all stewards.
        again: marks with a note, found in fault again since: by a later run, or in a file received later.
        notices: what the steward must know of its last workbook.
        made_at: now.
    """

    steward: Responsible
    roles: Mapping[str, str]
    found: Sequence[Found]
    aside: Sequence[Aside]
    unplayable: Sequence[str]
    said: Mapping[str, Said]
    again: frozenset[str]
    notices: Sequence[str]
    made_at: datetime

    def lines(self, title: str) -> list[Line]:
        """The lines of a sheet."""
        parts: Iterable[Found | Aside] = self.found if title == FAULTS else self.aside
        return [line for part in parts for line in part.lines]


def identifier(content: Content, seconds: int) -> str:
    """What a workbook says, in a digest, and when it was made; the hour of the day is no news.

    Args:
        content: what it holds.
        seconds: of the file, since 1970.
    """
    day = french.day_of(content.made_at)
    # A set has no order.
    lasting = replace(content, again=frozenset(), made_at=datetime.min)
    parts = [_PROGRAMS, ours(), day, lasting, sorted(content.again)]
    digest = hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{digest} {seconds}"


def workbook(content: Content) -> bytes:
    """The file; one of its properties is its `identifier`.

    Args:
        content: what it holds.
    """
    book = Workbook()
    del book["Sheet"]
    _readme(book.create_sheet(README), content)
    for title in (FAULTS, ASIDE):
        _listing(book.create_sheet(title), content, title, content.lines(title))
    if content.again:
        repeated = [line for title in (FAULTS, ASIDE) for line in content.lines(title)]
        _repeated(book.create_sheet(AGAIN), content, [one for one in repeated if one.mark in content.again])
    book.properties.title = f"À corriger : {content.steward.function}"
    book.properties.creator = ours().platform.name
    book.properties.language = ours().language
    book.properties.identifier = identifier(content, int(content.made_at.timestamp()))
    file = io.BytesIO()
    book.save(file)
    assert zipfile.is_zipfile(file)
    return file.getvalue()


def write_cell(cell: Cell | MergedCell, value: Any) -> None:
    """Writes a value: dates as dates, numbers as numbers; no text ever becomes a formula."""
    assert isinstance(cell, Cell)
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    match value:
        case None:
            return
        case bool():
            text = words(value)
        case datetime():
            local = value.astimezone(french.local_zone()) if value.tzinfo else value
            cell.value, cell.number_format = local.replace(tzinfo=None), MOMENT
            return
        case date():
            cell.value, cell.number_format = value, DAY
            return
        case int() if abs(value) < 10**DIGITS:
            cell.value, cell.number_format = value, WHOLE
            return
        case Decimal() | float() if _fits(value):
            cell.value, cell.number_format = float(value), _decimals(value)
            return
        case _:
            text = words(value)
    cell.value = escaped(ILLEGAL_CHARACTERS_RE.sub("\ufffd", text))[:LONGEST]
    # Set after the value: openpyxl takes « =… » for a formula, and Excel would when the cell is edited.
    cell.data_type = "s"
    if formula(text):
        cell.quotePrefix = True


def _fits(value: Decimal | float) -> bool:
    if isinstance(value, Decimal):
        return value.is_finite() and len(value.as_tuple().digits) <= DIGITS
    return value == value and abs(value) != float("inf")


def _decimals(value: Decimal | float) -> str:
    places = -int(value.as_tuple().exponent) if isinstance(value, Decimal) else 2
    return f"[$-80C]#,##0.{'0' * places}" if places > 0 else COUNT


def _head(sheet: Worksheet, row: int, titles: Sequence[str]) -> None:
    for number, title in enumerate(titles, start=1):
        cell = sheet.cell(row, number, title)
        cell.font = Font(bold=True, color="FFFFFF")
        cell.fill = PatternFill("solid", fgColor=DARK)
        cell.alignment = Alignment(wrap_text=True, vertical="center")


def _paper(sheet: Worksheet) -> None:
    sheet.page_setup.orientation, sheet.page_setup.paperSize = "landscape", sheet.PAPERSIZE_A4
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = 1, 0
    properties = sheet.sheet_properties.pageSetUpPr
    if properties:
        properties.fitToPage = True
    sheet.print_title_rows = "1:1"
    footer = sheet.oddFooter
    if footer:
        footer.center.text = "&A – page &P sur &N"


def _listing(sheet: Worksheet, content: Content, title: str, lines: Sequence[Line]) -> None:
    columns = COLUMNS[title]
    titles = [*HIDDEN, *(column.title for column in columns), DONE, WHEN, "Suivi"]
    widths = [4] * len(HIDDEN) + [column.width for column in columns] + [44, 12, 30]
    _head(sheet, 1, titles)
    for number, width in enumerate(widths, start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.column_dimensions[get_column_letter(number)].hidden = number <= len(HIDDEN)
    filled = (titles.index(DONE) + 1, titles.index(WHEN) + 1)
    for row, line in enumerate(lines, start=2):
        said = content.said.get(line.mark)
        values: list[Any] = [line.mark, _before(said), line.domain, line.about]
        values += [column.value(line) for column in columns]
        values += [said.text if said else None, said.day if said else None, _follow_up(content, line, said)]
        for number, value in enumerate(values, start=1):
            cell = sheet.cell(row, number)
            write_cell(cell, value)
            cell.border = _EDGE
            if number in filled:
                cell.protection = Protection(locked=False)
                cell.fill = PatternFill("solid", fgColor=PALE)
        sheet.cell(row, filled[1]).number_format = DAY
    if not lines:
        write_cell(sheet.cell(2, len(HIDDEN) + 1), _nothing(content, title))
    last = get_column_letter(len(titles))
    sheet.auto_filter.ref = f"A1:{last}{max(2, len(lines) + 1)}"
    sheet.freeze_panes = f"{get_column_letter(len(HIDDEN) + 2)}2"
    if lines:
        when = get_column_letter(filled[1])
        rule = DataValidation(type="date", operator="greaterThan", formula1="36526", allow_blank=True)
        rule.errorTitle, rule.error = "Date", "Écrivez une date : JJ/MM/AAAA."
        rule.promptTitle, rule.prompt = "Date", "JJ/MM/AAAA"
        sheet.add_data_validation(rule)
        rule.add(f"{when}2:{when}{len(lines) + 1}")
    protection = sheet.protection
    protection.sheet = True
    # What a reader needs is left free: filters, widths, heights.
    protection.autoFilter = protection.formatColumns = protection.formatRows = protection.formatCells = False
    _paper(sheet)


def _nothing(content: Content, title: str) -> str:
    """What an empty sheet says; never that all is well while another sheet tells otherwise."""
    other = ASIDE if title == FAULTS else FAULTS
    if content.lines(other):
        return f"Rien dans cette feuille : voyez « {other} »."
    if content.unplayable or any(_summary(content)):
        return f"Rien dans cette feuille : voyez « {README} »."
    return "Rien à corriger."


def _before(said: Said | None) -> str:
    """What stood in the line when it was written: another text is a new statement."""
    return before(said.text, said.day) if said else ""


def before(text: str, day: date | None) -> str:
    """A statement in one text."""
    return f"{day.isoformat() if day else ''}|{text}" if text or day else ""


def _follow_up(content: Content, line: Line, said: Said | None) -> str:
    if said is None:
        return ""
    read = f"noté le {words(french.day_of(said.read_at))}"
    return f"Encore en faute, {read}." if line.mark in content.again else f"Lu, {read}."


def _repeated(sheet: Worksheet, content: Content, lines: Sequence[Line]) -> None:
    titles = [
        "Jeu de données",
        "Ce qui ne va pas",
        "Fichier reçu",
        "Ligne",
        "Ligne en cause",
        "Ce qui était noté",
        "Noté le",
    ]
    _head(sheet, 1, titles)
    for number, width in enumerate([26, 44, 28, 8, 32, 46, 14], start=1):
        sheet.column_dimensions[get_column_letter(number)].width = width
    for row, line in enumerate(lines, start=2):
        said = content.said[line.mark]
        where = spelled(line.key) or (f"{line.column}\u00a0: {words(line.value)}" if line.column else "")
        values = [
            line.dataset,
            line.what,
            line.file,
            line.number,
            where,
            said.text,
            french.day_of(said.read_at),
        ]
        for number, value in enumerate(values, start=1):
            write_cell(sheet.cell(row, number), value)
            sheet.cell(row, number).border = _EDGE
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(titles))}{len(lines) + 1}"
    sheet.freeze_panes = "A2"
    sheet.protection.sheet = True
    sheet.protection.autoFilter = sheet.protection.formatColumns = False
    _paper(sheet)


def _readme(sheet: Worksheet, content: Content) -> None:
    for letter, width in zip("ABCDEFG", (30, 52, 18, 14, 14, 30, 46), strict=True):
        sheet.column_dimensions[letter].width = width
    texts = [
        (f"À corriger : {content.steward.function}", Font(bold=True, size=16)),
        (f"{content.steward.email}. Établi le {french.moment(content.made_at)}.", None),
        (_roles(content), None),
        ("Comment faire", Font(bold=True, size=12)),
        *((text, None) for text in HOW_TO),
        *((notice, Font(bold=True, color="9B1C1C")) for notice in content.notices),
    ]
    for row, (text, font) in enumerate(texts, start=1):
        write_cell(sheet.cell(row, 1), text)
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=7)
        sheet.row_dimensions[row].height = 24 if font and font.size and font.size > 14 else 18
        if font:
            sheet.cell(row, 1).font = font
    row = len(texts) + 2
    _head(
        sheet,
        row,
        [
            "Jeu ou source",
            "Contrôle",
            "Gravité",
            "Lignes en faute",
            "Listées ici",
            "Non lisibles",
            "Remarque",
        ],
    )
    for values in _summary(content):
        row += 1
        for number, value in enumerate(values, start=1):
            write_cell(sheet.cell(row, number), value)
            sheet.cell(row, number).border = _EDGE
            if isinstance(value, int):
                sheet.cell(row, number).number_format = COUNT
    if row == len(texts) + 2:
        write_cell(
            sheet.cell(row + 1, 1),
            "Rien à corriger : aucun contrôle n'est en faute, rien n'a été mis de côté.",
        )
    for text in content.unplayable:
        row += 1
        write_cell(sheet.cell(row + 1, 1), text)
        sheet.merge_cells(start_row=row + 1, start_column=1, end_row=row + 1, end_column=7)
    sheet.sheet_view.showGridLines = False
    sheet.protection.sheet = True
    sheet.protection.formatColumns = False
    _paper(sheet)


def _roles(content: Content) -> str:
    named = french.listed(content.roles.values()) if content.roles else ""
    return f"Seules les lignes que peut lire le rôle {named} sont montrées." if named else ""


def _summary(content: Content) -> Iterable[list[Any]]:
    for one in content.found:
        badge = GRAVITIES[one.control.outcome][0]
        yield [one.control.label, one.control.text, badge, _total(one), len(one.lines), *_unlisted(one)]
    for part in content.aside:
        if part.total or part.obstacle:
            what = "Lignes refusées, valeurs vidées, lignes illisibles"
            yield [part.source.label, what, "", _total(part), len(part.lines), *_unlisted(part)]


def _total(one: Found | Aside) -> int | str | None:
    """All the lines; only a floor when it would tell how few the role may not read."""
    if one.total is None or not french.small(one.hidden):
        return one.total
    return f"plus de {one.readable}" if one.readable else french.SMALL


def _unlisted(one: Found | Aside) -> list[str]:
    hidden = f"{french.rows(one.hidden)} que votre rôle ne peut pas lire" if one.hidden else ""
    remarks = [one.obstacle] if one.obstacle else []
    if one.readable > len(one.lines):
        remarks.append(f"Les {len(one.lines)} premières ; corrigez-les, les suivantes viendront.")
    return [hidden, " ".join(remarks)]
