"""What a load that failed for its declaration is told."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from donnees_au_centre.cli.pipeline import with_mending
from donnees_au_centre.discovery.look import look
from donnees_au_centre.discovery.mending import mending
from donnees_au_centre.landing import FileReport, LoadReport, TableReport, Variant
from donnees_au_centre.landing.encodings import Encoding
from donnees_au_centre.project.nodes import Manifest
from tests.small_project import settings_of
from tests.unit.test_landing_other_workbooks import cell, number, ods, row, sheet

TABLE = "Titre\n\nCode;Élèves\n01;5\n02;6\n03;7\n"


def said(content: bytes, file_format: str = "csv", **declared: Any) -> str:
    return mending(look(io.BytesIO(content)), Variant("principal", "age/x/y", file_format, **declared))


def test_what_differs_is_written_out() -> None:
    assert said(TABLE.encode("cp1252")) == (
        "Le fichier est un texte CSV, l'en-tête est à la ligne 3 : écrivez `encoding: cp1252`, "
        '`delimiter: ";"`, `header_row: 3`.'
    )


@pytest.mark.parametrize(
    ("content", "declared"),
    [
        (TABLE.encode(), {"delimiter": ";", "header_row": 3}),
        (TABLE.encode("cp1252"), {"delimiter": ";", "header_row": 3, "encoding": Encoding.named("latin-1")}),
        (b"seule\n1\n2\n", {"delimiter": ";"}),
    ],
)
def test_nothing_is_said_of_what_agrees(content: bytes, declared: dict[str, Any]) -> None:
    assert said(content, **declared) == ""


def test_documents_and_formats() -> None:
    assert "`file_format: json`" in said(b'[{"id": 1}, {"id": 2}]')
    answer = json.dumps({"total_count": 1, "results": [{"id": 1}]}).encode()
    assert "`envelope: opendatasoft_v2`" in said(answer, "json")
    assert '`rows: "lines"`' in said(b'{"id": 1}\n{"id": 2}\n', "json")
    workbook = ods(
        sheet(row(cell("Code"), cell("Nom")), row(number(1), cell("a")), row(number(2), cell("b")))
    )
    assert said(workbook) == (
        "Le fichier est un classeur OpenDocument (.ods), l'en-tête est à la ligne 1 : "
        "écrivez `file_format: ods`."
    )
    # A key is a word of the file.
    assert said(b'{"secret": [{"id": 1}, {"id": 2}]}', "json") == ""


def test_a_failed_load_is_told_what_its_file_is(tmp_path: Any) -> None:
    settings = settings_of(tmp_path)
    (settings.landing / "age/x").mkdir(parents=True)
    (settings.landing / "age/x/y.csv").write_bytes(TABLE.encode())
    source = {
        "resource_type": "source",
        "source_name": "x",
        "name": "y",
        "identifier": "y",
        "schema": "raw_age",
        "fqn": ["p", "age", "staging", "x", "y"],
        "external": {"location": "age/x/y.csv"},
        "columns": {"code": {"name": "code"}},
        "package_name": "p",
    }
    manifest = Manifest({"metadata": {"project_name": "p"}, "sources": {"source.p.x.y": source}, "nodes": {}})

    def told(message: str) -> str:
        table = TableReport(
            "age", "x", "y", "echec", [FileReport("age/x/y.csv", "principal", "echec", message)]
        )
        return with_mending({"age.x.y": message}, LoadReport([table], []), manifest, settings)["age.x.y"]

    assert told("colonnes absentes.").startswith(
        "colonnes absentes. Le fichier est un texte CSV, l'en-tête est"
    )
    # What the loader told already is not told again.
    assert told("Écrivez `header_row: 3`.") == "Écrivez `header_row: 3`."
