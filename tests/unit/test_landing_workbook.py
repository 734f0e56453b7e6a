from __future__ import annotations

import datetime
import io
import zipfile
from typing import Any

import openpyxl
import pytest

from orchestration.errors import PlatformError
from orchestration.landing.rejects import Reject, RejectSpool
from orchestration.landing.workbook import Sheet
from tests.unit.landing_sources import table

Read = tuple[list[str] | None, list[Any], list[Reject], int]


def workbook(lines: list[list[Any]], formats: dict[str, str] | None = None, title: str = "Agents") -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for line in lines:
        sheet.append(line)
    for cell, number_format in (formats or {}).items():
        sheet[cell].number_format = number_format
    book.create_sheet("Autre").append(["x"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def read(data: bytes, **options: Any) -> Read:
    variant = table("age/essai/*.xlsx", file_format="xlsx", options=options).variants[0]
    rejects = RejectSpool()
    sheet = Sheet(io.BytesIO(data), variant, rejects)
    header = sheet.header()
    return header, list(sheet.rows(len(header or []))), list(rejects), sheet.blank_rows


def test_cells_come_as_received() -> None:
    moment = datetime.datetime(2024, 3, 1, 8, 30)
    data = workbook(
        [
            ["Matricule", "Part", "Né le", "Vu le", "Heure", "Actif", "Erreur", "Texte"],
            [42, 0.1, datetime.datetime(1970, 5, 6), moment, datetime.time(7, 5), True, "#DIV/0!", "00 12"],
            [7.0, 1 / 3, None, None, None, False, None, ""],
        ],
        {"A2": "00000"},
    )
    header, rows, rejects, _ = read(data)
    assert header == ["Matricule", "Part", "Né le", "Vu le", "Heure", "Actif", "Erreur", "Texte"]
    assert rows[0] == (
        2,
        ["00042", "0.1", "1970-05-06", "2024-03-01T08:30:00", "07:05:00", "true", "#DIV/0!", "00 12"],
    )
    assert rows[1][1][:6] == ["7", "0.3333333333333333", None, None, None, "false"]
    assert rejects == []


def test_blank_rows_and_cells_beyond_the_header_are_refused() -> None:
    data = workbook([["a", "b"], [1, 2], [], [3, 4, "de trop"], [5], [None, None]])
    _, rows, rejects, _ = read(data)
    assert rows == [(2, ["1", "2"]), (5, ["5", None])]
    assert [(reject.line, reject.motif, reject.text) for reject in rejects] == [
        (3, "ligne_vide", ""),
        (4, "nombre_de_champs", "3\t4\tde trop"),
    ]


def test_sheet_by_name_or_place_and_header_row() -> None:
    data = workbook([["Liste des agents"], ["Nom", None, "Âge"], ["x", "y", 3]])
    assert read(data, sheet="Agents", header_row=2)[:2] == (["Nom", "", "Âge"], [(3, ["x", "y", "3"])])
    assert read(data, sheet=2)[0] == ["x"]


def test_missing_sheet_lists_the_sheets() -> None:
    with pytest.raises(PlatformError, match="« Agents », « Autre »"):
        read(workbook([["a"]]), sheet="Feuil1")


def test_formula_without_its_value_is_refused() -> None:
    _, rows, rejects, _ = read(workbook([["a", "b"], [1, "=A2+1"], [3, 4]]))
    assert rows == [(3, ["3", "4"])]
    assert [(reject.line, reject.motif) for reject in rejects] == [(2, "formule_sans_valeur")]


@pytest.mark.parametrize("kind", ["text", "empty zip", "cut", "broken sheet"])
def test_unreadable_workbook_fails_with_advice(kind: str) -> None:
    good = workbook([["a", "b"], *([k, k] for k in range(200))])
    if kind == "text":
        data = b"a;b\n1;2\n"
    elif kind == "cut":
        data = good[: len(good) // 2]
    else:
        rebuilt = io.BytesIO()
        with zipfile.ZipFile(rebuilt, "w") as new, zipfile.ZipFile(io.BytesIO(good)) as old:
            for name in old.namelist() if kind == "broken sheet" else []:
                content = old.read(name)
                new.writestr(name, content[: len(content) // 2] if name.endswith("sheet1.xml") else content)
        data = rebuilt.getvalue()
    with pytest.raises(PlatformError) as caught:
        read(data)
    assert "illisible" in caught.value.message
    assert ".xlsx" in caught.value.advice
