"""The workbooks as files: formats, nothing that runs, what stewards write in them, what may be wrong."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from donnees_au_centre.landing.spreadsheet import Book
from donnees_au_centre.pages.workbooks.aside import Aside
from donnees_au_centre.pages.workbooks.faults import Found
from donnees_au_centre.pages.workbooks.lines import Line, mark_of, numbered, words
from donnees_au_centre.pages.workbooks.memory import Said
from donnees_au_centre.pages.workbooks.returns import read_return
from donnees_au_centre.pages.workbooks.sheets import (
    AGAIN,
    ASIDE,
    DONE,
    FAULTS,
    README,
    WHEN,
    Content,
    workbook,
)
from donnees_au_centre.quality.facts import FAILED
from tests.unit.qualities import NOW, STEWARD, control, received

READ = datetime(2026, 11, 20, 9, tzinfo=UTC)


def line(number: int = 1, **said: Any) -> Line:
    made = Line(
        mark=mark_of("age", "cle_unique", number),
        domain="age",
        about="cle_unique",
        dataset="dim_ecole",
        what="Une école, une ligne.",
        gravity="Échec",
        since=date(2026, 11, 23),
        file="age/ecoles/ecoles.csv",
        number=number,
        key=(("fase", number),),
        column="nom",
        value="Élève « à l'été »",
        others=(("ouverte_le", date(1999, 9, 1)), ("note", Decimal("3.50"))),
        advice="Corriger le fichier.",
    )
    return replace(made, **said)


def content(
    *lines: Line, said: dict[str, Said] | None = None, again: frozenset[str] = frozenset()
) -> Content:
    found = Found(control("cle_unique", FAILED), lines, len(lines) + 12, len(lines), "")
    return Content(STEWARD, {"age": "steward_age"}, [found], [], (), said or {}, again, (), NOW)


@pytest.fixture
def save(tmp_path: Path) -> Callable[..., Path]:
    def saved(made: Content, name: str = "data-steward.age.xlsx") -> Path:
        path = tmp_path / name
        path.write_bytes(workbook(made))
        return path

    return saved


def fill(path: Path, row: int, done: Any, when: Any = None) -> None:
    """Writes as a steward does."""
    book = openpyxl.load_workbook(path)
    sheet = book[FAULTS]
    titles = [cell.value for cell in sheet[1]]
    sheet.cell(row, titles.index(DONE) + 1).value = done
    sheet.cell(row, titles.index(WHEN) + 1).value = when
    book.save(path)


def cells(path: Path, row: int = 2) -> dict[str, Any]:
    sheet = openpyxl.load_workbook(path)[FAULTS]
    return {title.value: sheet.cell(row, title.column) for title in sheet[1]}


def test_values_are_dates_numbers_and_texts_in_belgian_french(save: Callable[..., Path]) -> None:
    path = save(content(line(value=Decimal("1234.50")), line(2, value=date(2026, 2, 1)), line(3)))
    found = cells(path)
    assert found["Valeur"].value == 1234.5 and found["Valeur"].number_format == "[$-80C]#,##0.00"
    assert found["Depuis le"].value == datetime(2026, 11, 23)
    assert found["Depuis le"].number_format == "[$-80C]dd/mm/yyyy"
    assert found["Le reste de la ligne"].value == "ouverte_le\u00a0: 01/09/1999\nnote\u00a0: 3,50"
    assert cells(path, 3)["Valeur"].is_date and cells(path, 4)["Valeur"].value == "Élève « à l'été »"
    sheet = openpyxl.load_workbook(path)[FAULTS]
    assert sheet.auto_filter.ref and sheet.freeze_panes == "F2" and sheet.protection.sheet
    assert sheet.column_dimensions["A"].hidden and found["Règle non respectée"].alignment.wrap_text
    assert found["Repère"].protection.locked and not found[DONE].protection.locked
    readme = openpyxl.load_workbook(path)[README]
    told = [cell for row in readme.iter_rows(values_only=True) for cell in row if cell]
    assert "12\u00a0lignes que votre rôle ne peut pas lire" in told and 15 in told


def test_what_looks_like_an_escape_of_excel_stays_text(save: Callable[..., Path]) -> None:
    book = Book(save(content(line(value="a_x0041_b"))).open("rb"))
    (faults,) = (sheet for sheet in book.sheets if sheet.title == FAULTS)
    assert "a_x0041_b" in list(book.rows(faults))[1].cells


@pytest.mark.parametrize("text", ["=1+1", "+33 2", "-5", "@cmd", "\t=x", '=HYPERLINK("x")', "a\x00b\x0bc"])
def test_no_text_becomes_a_formula_nor_breaks_the_file(save: Callable[..., Path], text: str) -> None:
    path = save(content(line(value=text), said={line().mark: Said("age", text, None, READ)}))
    found = cells(path)
    for title in ("Valeur", DONE):
        assert found[title].data_type == "s", title
        assert found[title].value.replace("\ufffd", "") == text.replace("\x00", "").replace("\x0b", "")
    if text[0] in "=+-@\t":
        assert found["Valeur"].quotePrefix
    raw = openpyxl.load_workbook(io.BytesIO(path.read_bytes()), data_only=False)
    assert not [c for sheet in raw for row in sheet.iter_rows() for c in row if c.data_type == "f"]


def test_a_count_that_would_tell_too_few_hidden_lines_is_not_told() -> None:
    few = replace(content(line()).found[0], total=3)
    made = replace(content(line()), found=[few])
    book = openpyxl.load_workbook(io.BytesIO(workbook(made)))
    told = [cell for row in book[README].iter_rows(values_only=True) for cell in row if cell]
    assert "plus de 1" in told and 3 not in told


def test_an_empty_sheet_never_says_that_all_is_well_while_another_tells_otherwise() -> None:
    def told(made: Content) -> list[str]:
        book = openpyxl.load_workbook(io.BytesIO(workbook(made)))
        return [book[title].cell(2, 5).value for title in (FAULTS, ASIDE)]

    nothing = replace(content(), found=[])
    aside = Aside(received("ecoles"), (line(),), 1, 1, "")
    assert told(nothing) == ["Rien à corriger."] * 2
    assert told(replace(nothing, aside=[aside]))[0] == "Rien dans cette feuille : voyez « Écarts »."
    assert told(content(line()))[1] == "Rien dans cette feuille : voyez « À corriger »."
    # Rows that the role may not read, and what could not be checked, are told in the first sheet.
    for made in (content(), replace(nothing, unplayable=["Contrôle impossible."])):
        assert told(made) == ["Rien dans cette feuille : voyez « Lisez-moi »."] * 2
    assert told(replace(nothing, aside=[replace(aside, lines=(), total=0, readable=0)])) == told(nothing)


def test_the_first_sheet_explains_what_stands_for_a_value_and_where_a_copy_goes() -> None:
    book = openpyxl.load_workbook(io.BytesIO(workbook(content(line(value=None)))))
    told = " ".join(str(cell) for row in book[README].iter_rows(values_only=True) for cell in row if cell)
    assert "« *** » : une valeur cachée" in told and "« (vide) » : aucune valeur" in told
    assert "« build/reports/gestionnaires/retours »" in told
    assert [cell.value for cell in book[FAULTS][2]].count("(vide)") == 1


@pytest.mark.parametrize(
    ("when", "day"),
    [
        (datetime(2026, 11, 25), date(2026, 11, 25)),
        ("25/11/2026", date(2026, 11, 25)),
        ("25.11.26", date(2026, 11, 25)),
        ("2026-11-25", date(2026, 11, 25)),
        (None, None),
    ],
)
def test_what_a_steward_writes_is_read(save: Callable[..., Path], when: Any, day: date | None) -> None:
    path = save(content(line(), line(2)))
    fill(path, 3, "  Corrigé_x000D_\nchez l'école  ", when)
    returned = read_return(path)
    assert returned.problem == ""
    (said,) = returned.statements
    assert (said.mark, said.domain, said.about) == (line(2).mark, "age", "cle_unique")
    assert (said.text, said.day) == ("Corrigé chez l'école", day)


def test_a_date_that_is_none_is_kept_in_the_text(save: Callable[..., Path]) -> None:
    path = save(content(line()))
    fill(path, 2, "Corrigé", "31/02/2026")
    (said,) = read_return(path).statements
    assert (said.text, said.day) == ("Corrigé (date : 31/02/2026)", None)


def test_only_what_changed_since_the_workbook_was_written_is_news(save: Callable[..., Path]) -> None:
    before = {line().mark: Said("age", "Corrigé", date(2026, 11, 19), READ)}
    path = save(content(line(), said=before, again=frozenset({line().mark})))
    assert read_return(path).statements == ()
    assert cells(path)["Suivi"].value == "Encore en faute, noté le 20/11/2026."
    again = openpyxl.load_workbook(path)[AGAIN]
    assert "Corrigé" in [cell.value for cell in again[2]]
    # Whatever was written, nobody is said to have said that it was corrected.
    assert again.title == "Noté, encore en faute"
    assert "Ce qui était noté" in [cell.value for cell in again[1]]
    fill(path, 2, "Corrigé pour de bon", "26/11/2026")
    assert [one.text for one in read_return(path).statements] == ["Corrigé pour de bon"]
    # Taken back.
    fill(path, 2, None, None)
    assert [(one.text, one.day) for one in read_return(path).statements] == [("", None)]


def test_a_workbook_with_other_columns_sorted_and_renamed_is_read_by_its_titles(
    save: Callable[..., Path],
) -> None:
    path = save(content(line(), line(2)))
    fill(path, 2, "Fait")
    book = openpyxl.load_workbook(path)
    book[FAULTS].insert_cols(2)
    book[FAULTS].title = "Feuil1"
    book[FAULTS if FAULTS in book.sheetnames else "Feuil1"].move_range("A2:T2", rows=5)
    book.save(path)
    assert [one.text for one in read_return(path).statements] == ["Fait"]


def test_what_is_no_workbook_or_is_open_is_named_and_kept(save: Callable[..., Path], tmp_path: Path) -> None:
    broken = tmp_path / "casse.xlsx"
    broken.write_bytes(b"PK\x03\x04 coupe")
    assert (
        read_return(broken).corrupt
        and "casse.xlsx n'est pas un classeur lisible" in read_return(broken).problem
    )
    path = save(content(line()))
    fill(path, 2, "Fait")
    lock = tmp_path / f"~${path.name}"
    lock.write_bytes(b"\x06Quelqu'un")
    held = read_return(path)
    assert held.held and "est ouvert dans un tableur" in held.problem
    assert [one.text for one in held.statements] == ["Fait"]
    other = openpyxl.Workbook()
    other.save(tmp_path / "autre.xlsx")
    assert read_return(tmp_path / "autre.xlsx").statements == ()


def test_the_same_row_twice_has_two_marks_and_each_stays_the_same() -> None:
    twice = numbered([line(), line(), line(2)])
    assert len({one.mark for one in twice}) == 3
    assert [one.mark for one in twice] == [one.mark for one in numbered([line(), line(), line(2)])]
    assert mark_of("a", 1) != mark_of("a", "1") and mark_of("a", None) != mark_of("a", "None")


def test_words_are_french() -> None:
    found = [words(value) for value in (None, True, Decimal("3.50"), date(2026, 3, 1), READ)]
    assert found == ["(vide)", "Oui", "3,50", "01/03/2026", "20/11/2026 10:00"]
