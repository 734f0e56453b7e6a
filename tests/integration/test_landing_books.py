"""Workbooks and JSON through the loader: what several tables read of one file, and what is said of it."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from donnees_au_centre.landing import LoadReport, load_landing, read_declarations
from tests.unit.landing_sources import as_nodes, source
from tests.unit.test_landing_other_workbooks import cell, number, ods, row, sheet, xls

Load = Callable[..., LoadReport]


@pytest.fixture
def load(database: str, landing: Path) -> Load:
    def run(*sources: dict[str, Any]) -> LoadReport:
        return load_landing(database, landing, read_declarations(as_nodes(*sources)))

    return run


def workbook(landing: Path, **sheets: list[list[Any]]) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, lines in sheets.items():
        sheet = book.create_sheet(title)
        for line in lines:
            sheet.append(line)
    book.save(landing / "age/essai/x.xlsx")


def declared(suffix: str, name: str = "essai", **options: Any) -> dict[str, Any]:
    columns = options.pop("columns", ("a", "b"))
    return source(f"age/essai/x.{suffix}", columns, suffix, options, name=name)


def rows(database: str, query: str) -> list[Any]:
    with psycopg.connect(database) as connection:
        return connection.execute(query).fetchall()


def messages(report: LoadReport) -> dict[str, str]:
    return {found.table: found.files[0].message for found in report.tables}


def test_each_sheet_may_be_a_table_and_the_others_are_said(load: Load, landing: Path, database: str) -> None:
    one = [["a", "b"], [1, "x"]]
    workbook(landing, **{"2023": one, "2024": [["b", "a"], ["y", 2]], "Notes": [["?"]]})
    report = load(
        declared("xlsx", "an_2023", sheet=2023),
        declared("xlsx", "an_2024", sheet="2024"),
        declared("xlsx", "ans", sheets="20*", sheet_column="annee"),
    )
    said = "Feuilles non lues : n° 3."
    assert messages(report) == {"an_2023": said, "an_2024": said, "ans": said}
    assert rows(database, "select a, b from raw_age.an_2024") == [("2", "y")]
    assert rows(database, "select a, annee, source_ligne from raw_age.ans order by source_ligne") == [
        ("1", "2023", 10_000_002),
        ("2", "2024", 20_000_002),
    ]


def test_one_sheet_is_not_read_by_two_tables(load: Load, landing: Path) -> None:
    workbook(landing, Agents=[["a", "b"], [1, 2]])
    report = load(declared("xlsx", "un"), declared("xlsx", "deux", sheet=1))
    assert all("plusieurs tables" in message for message in messages(report).values())


@pytest.mark.parametrize("suffix", ["zip", "xlsx.gz"])
def test_a_packed_workbook_is_read_through(load: Load, landing: Path, database: str, suffix: str) -> None:
    workbook(landing, Agents=[["a", "b"], [1, 2]])
    inner, packed = landing / "age/essai/x.xlsx", landing / f"age/essai/p.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(inner, "dossier/x.xlsx")
    else:
        packed.write_bytes(gzip.compress(inner.read_bytes()))
    inner.unlink()
    assert messages(load(source(f"age/essai/p.{suffix}", file_format="xlsx"))) == {"essai": ""}
    assert rows(database, "select a, b from raw_age.essai") == [("1", "2")]


def test_what_is_out_of_the_table_is_kept_and_counted_apart(load: Load, landing: Path, database: str) -> None:
    workbook(landing, Agents=[["Titre"], ["a", "b"], [1, "#N/A"], [], [2, 3], ["Total", 5]])
    report = load(declared("xlsx", header_row=2, footer="Total"))
    assert "Cellules en erreur dans Excel, nulles au typage : #N/A 1 fois." in messages(report)["essai"]
    counts = "select lignes, rejets, hors_tableau, lignes_vides from plateforme.chargements"
    assert rows(database, counts) == [(2, 1, 2, 0)]
    kept = "select source_ligne, motif from raw_age.rejets_chargement order by source_ligne"
    assert rows(database, kept) == [(1, "hors_tableau"), (4, "ligne_vide"), (6, "hors_tableau")]


def test_parent_and_child_tables_of_one_json(load: Load, landing: Path, database: str) -> None:
    (landing / "age/essai/x.json").write_text(
        '{"ecoles": [{"id": 7, "classes": [{"n": 1}, {"n": 2}]}, {"id": 8, "classes": []}]}'
    )
    report = load(
        declared("json", "ecoles", columns=("id",), rows="ecoles.*"),
        declared(
            "json",
            "classes",
            columns=("ecole_id", "n"),
            rows="ecoles.*.classes.*",
            parents={"ecole_id": "id"},
        ),
    )
    assert [found.status for found in report.tables] == ["charge", "charge"]
    assert rows(database, "select id from raw_age.ecoles order by 1") == [("7",), ("8",)]
    assert rows(database, "select ecole_id, n from raw_age.classes order by 2") == [("7", "1"), ("7", "2")]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"meta": {"count": 2}, "data": [{"a": 1, "b": 2}]}', "écrivez `rows: data.*`"),
        ('{"error": "absent", "code": 404}', "réponse d'erreur d'un service"),
        ("<!DOCTYPE html><html>503</html>", "c'est une page HTML"),
        ("a;b\n1;2\n", "c'est un texte (CSV ?)"),
        ("null\n", "une liste ou un objet est attendu"),
        ('[{"a": 1}]', "rows`, `envelope`"),
    ],
)
def test_json_messages_speak_of_json(load: Load, landing: Path, text: str, said: str) -> None:
    (landing / "age/essai/x.json").write_text(text)
    message = messages(load(declared("json")))["essai"]
    assert said in message
    assert "delimiter" not in message


def test_workbook_messages_speak_of_workbooks(load: Load, landing: Path) -> None:
    workbook(landing, Agents=[["a"], [1]])
    message = messages(load(declared("xlsx")))["essai"]
    assert "Feuille n° 1 : " in message
    assert "`sheet`" in message
    assert "delimiter" not in message
    assert "encoding" not in message


def test_lines_of_json_are_loaded_at_their_line(load: Load, landing: Path, database: str) -> None:
    lines = [{"a": 1, "b": True}, {"a": 2, "b": False}]
    (landing / "age/essai/x.json").write_text("\n".join(map(json.dumps, lines)) + '\n{"a": \n')
    load(declared("json"))
    assert rows(database, "select source_ligne, a, b from raw_age.essai order by 1") == [
        (1, "1", "true"),
        (2, "2", "false"),
    ]
    assert rows(database, "select source_ligne, motif from raw_age.rejets_chargement") == [
        (3, "json_illisible")
    ]


def test_a_fixed_width_file_is_loaded_and_its_bad_lines_kept(
    load: Load, landing: Path, database: str
) -> None:
    content = "a  Élan \nb  x\nc  Hêtre\n" + "d  y    \n" * 3
    (landing / "age/essai/x.txt").write_bytes(content.encode("cp1252"))
    options = {"widths": {"a": 3, "b": 5}, "encoding": "cp1252"}
    report = load(source("age/essai/x.txt", file_format="fixed", options=options))
    assert "1 ligne refusée (dès la ligne 2) faute de dernières cellules" in messages(report)["essai"]
    read = "select source_ligne, a, b from raw_age.essai order by source_ligne limit 2"
    assert rows(database, read) == [(1, "a", "Élan"), (3, "c", "Hêtre")]
    kept = "select source_ligne, position_octet, motif, texte from raw_age.rejets_chargement"
    assert rows(database, kept) == [(2, 9, "longueur_de_ligne", "b  x")]


def test_other_workbooks_and_parquet_are_loaded(load: Load, landing: Path, database: str) -> None:
    folder = landing / "age/essai"
    (folder / "x.xls").write_bytes(xls(["a", "b"], [(42, "00000"), (0x2A, None)]))
    (folder / "x.ods").write_bytes(gzip.compress(ods(sheet(row(cell("a"), cell("b")), row(number(1))))))
    (folder / "x.parquet").write_bytes(b"PAR1\x15\x04")
    (folder / "x.xlsx").write_bytes((folder / "x.xls").read_bytes())
    formats = ("xls", "ods", "parquet", "xlsx")
    said = messages(load(*(declared(suffix, suffix) for suffix in formats)))
    assert rows(database, "select source_ligne, a, b from raw_age.xls") == [(2, "00042", "#N/A")]
    assert rows(database, "select source_ligne, a, b from raw_age.ods") == [(2, "1", None)]
    assert "#N/A 1 fois" in said["xls"]
    assert "tronqué ou abîmé" in said["parquet"] or "make drivers NAME=parquet" in said["parquet"]
    assert "Déclarez `file_format: xls`" in said["xlsx"]


def test_a_parquet_file_is_loaded_with_its_names(load: Load, landing: Path, database: str) -> None:
    reason = "pyarrow is an optional driver: make drivers NAME=parquet"
    pa = pytest.importorskip("pyarrow", reason=reason)
    parquet = pytest.importorskip("pyarrow.parquet")
    columns = {
        "N° FASE": [1, None, 3],
        "Nom": ["é", "x\0", 'a\t"b\\'],
        "Né le": pa.array([0, 1, 2], pa.date32()),
    }
    parquet.write_table(pa.table(columns), landing / "age/essai/x.parquet")
    report = load(source("age/essai/*.parquet", ("n_fase", "nom"), None))
    (file,) = report.tables[0].files
    assert (file.status, file.rows, file.rejects, file.columns_added) == ("charge", 2, 1, 1)
    query = "select source_ligne, n_fase, nom, ne_le from raw_age.essai order by 1"
    assert rows(database, query) == [
        (1, "1", "é", "1970-01-01"),
        (3, "3", 'a\t"b\\', "1970-01-03"),
    ]
