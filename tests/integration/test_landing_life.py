"""The life of a delivery: empty, collapsed, renamed, gone, withdrawn; what a yes loads, and nothing else."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import psycopg
import pytest
from jinja2 import Environment

from donnees_au_centre.landing import SourceTable
from donnees_au_centre.landing.audit import placed, refused
from donnees_au_centre.landing.life import held, withdraw
from tests.integration.test_landing_loader import only, put, statuses
from tests.unit.landing_sources import table

Connection = psycopg.Connection[tuple[Any, ...]]
ROOT = Path(__file__).parents[2]
GOOD = "a,b\n" + "".join(f"{number},x\n" for number in range(100))
FEW = "a,b\n1,y\n2,y\n"


def counts(connection: Connection) -> dict[str, int]:
    found = connection.execute("select source_fichier, count(*) from raw_age.essai group by source_fichier")
    return {path.removeprefix("age/essai/"): rows for path, rows in found}


def audited(connection: Connection, columns: str) -> list[Any]:
    return connection.execute(
        f"select {columns} from plateforme.chargements order by chargement_id"
    ).fetchall()


def digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def faults(connection: Connection, name: str) -> list[Any]:
    """Rows that a generic test of dbt gives about the raw table, its Jinja rendered without dbt."""
    sources = [ROOT / "macros/testing/receipts_of.sql", ROOT / f"tests/generic/{name}.sql"]
    text = "\n".join(path.read_text("utf-8") for path in sources)
    text = re.sub(r"{% test (\w+)", r"{% macro \1", text).replace("{% endtest %}", "{% endmacro %}")
    template = Environment().from_string(
        text + "{{ " + name + "(model) }}",
        {
            "config": lambda **_: "",
            "target": SimpleNamespace(type="postgres"),
            "model": _Relation(),
            # As without the platform: the whole table.
            "loads_to_prove": lambda: SimpleNamespace(note="", only=None, files=None),
        },
    )
    return connection.execute(template.render()).fetchall()


class _Relation:
    schema, identifier = "raw_age", "essai"

    def __str__(self) -> str:
        return "raw_age.essai"


EMPTY = {
    "header alone": "a,b\n",
    "no byte": "",
    "blank lines": "\n\n",
    "every row refused": "a,b\n" + "1\n" * 8,
}


@pytest.mark.parametrize("content", EMPTY.values(), ids=EMPTY)
def test_an_empty_delivery_fails_and_the_rows_before_stay(
    load: Any, landing: Path, connection: Connection, content: str
) -> None:
    put(landing, "x.csv", GOOD)
    load()
    connection.execute("update plateforme.chargements set recu_le = '2025-10-20 12:05+00'")
    put(landing, "x.csv", content)
    for _ in range(2):
        file = only(load())
        assert file.status == "echec"
        assert "Livraison vide" in file.message
        assert "rien ne change : 100 lignes en place, depuis le 20/10/2025 à 14:05." in file.message
    assert counts(connection) == {"x.csv": 100}
    assert audited(connection, "statut, motif, lignes") == [
        ("charge", "", 100),
        ("echec", "vide", 0),
        ("echec", "vide", 0),
    ]
    # It keeps failing since it first did.
    assert len({at for (at,) in audited(connection, "recu_le")[1:]}) == 1
    put(landing, "x.csv", GOOD)
    assert only(load()).status == "identique"


def test_a_new_empty_file_adds_nothing(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x-2025.csv", GOOD)
    put(landing, "x-2026.csv", "a,b\n")
    report = load()
    assert [file.status for file in report.tables[0].files] == ["charge", "echec"]
    assert "100 lignes de age/essai/x-2025.csv, depuis le " in report.tables[0].files[1].message
    assert [entry.fichier for entry in placed(connection, table())] == ["age/essai/x-2025.csv"]


@pytest.mark.parametrize(("name", "file_format"), [("x.csv", "csv"), ("x.json", "json"), ("x.xlsx", "xlsx")])
def test_a_source_may_allow_empty_files(
    load: Any, landing: Path, connection: Connection, name: str, file_format: str
) -> None:
    def declared(allowed: bool) -> SourceTable:
        return table(f"age/essai/*.{file_format}", file_format=file_format, options={"allow_empty": allowed})

    if file_format == "xlsx":
        openpyxl.Workbook().save(landing / "age/essai" / name)
    else:
        put(landing, name, {"csv": "a,b\n", "json": "[]"}[file_format])
    assert only(load(declared(False))).status == "echec"
    assert only(load(declared(True))).status == "charge"
    assert audited(connection, "statut, motif") == [("echec", "vide"), ("charge", "vide_admise")]
    assert only(load(declared(True))).status == "inchange"


def test_a_file_without_a_row_from_an_older_version_is_read_again(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", "a,b\n")
    load(table(options={"allow_empty": True}))
    connection.execute("update plateforme.chargements set motif = ''")
    assert only(load()).status == "echec"


def test_an_error_body_is_no_empty_file_even_where_those_are_allowed(load: Any, landing: Path) -> None:
    put(landing, "x.json", '{"error": "not found"}')
    declared = table("age/essai/*.json", file_format="json", options={"allow_empty": True})
    assert "1 ligne refusée dès la ligne 1 (valeur simple" in only(load(declared)).message


@pytest.mark.parametrize(
    ("name", "options", "before", "after", "waits"),
    [
        ("x.csv", {}, 100, 39, True),
        ("x.csv", {}, 100, 40, False),
        ("x.csv", {}, 9, 1, False),
        ("x.csv", {"max_shrink": 0.1}, 9, 8, True),
        ("x.csv", {"max_shrink": 1}, 3029, 8, False),
        ("y.csv", {}, 3029, 8, True),
        ("y.csv", {"max_shrink": 0.1}, 100, 90, False),
        ("y.csv", {"max_shrink": 0}, 100, 99, True),
    ],
)
def test_a_collapsed_delivery_waits(
    load: Any,
    landing: Path,
    connection: Connection,
    name: str,
    options: dict[str, Any],
    before: int,
    after: int,
    waits: bool,
) -> None:
    declared = table(options=options)
    put(landing, "x.csv", "a,b\n" + "1,x\n" * before)
    load(declared)
    put(landing, name, "a,b\n" + "2,y\n" * after)
    report = load(declared)
    status = {file.path.removeprefix("age/essai/"): file.status for file in report.tables[0].files}[name]
    assert (status == "attente") is waits
    assert bool(report.failed) is waits
    former = {} if name == "x.csv" else {"x.csv": before}
    assert counts(connection) == ({"x.csv": before} if waits else {**former, name: after})


def test_a_waiting_file_says_what_to_do_and_a_corrected_one_ends_it(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", GOOD)
    load()
    put(landing, "x.csv", FEW)
    file = only(load())
    assert file.line().startswith("age/essai/x.csv : en attente (")
    assert "2 lignes seulement, une chute de 98\u00a0%, au-delà des 60\u00a0% permis" in file.message
    assert "100 lignes en place" in file.message
    assert "make accept FICHIER=age/essai/x.csv" in file.message
    assert audited(connection, "statut, motif, lignes, sha256")[-1] == ("attente", "chute", 2, digest(FEW))
    put(landing, "x.csv", GOOD + "new,1\n")
    assert only(load()).status == "remplace"
    assert refused(connection, table()) == []


def test_a_yes_loads_that_content_and_no_other(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x.csv", GOOD)
    load()
    put(landing, "x.csv", FEW)
    put(landing, "z.csv", GOOD + "z,1\n")
    yes = {"age/essai/x.csv": [digest(FEW)]}
    put(landing, "x.csv", FEW + "3,z\n")
    assert only(load(accepted=yes)).status == "attente"
    put(landing, "x.csv", FEW)
    assert only(load(accepted=yes)).status == "remplace"
    assert counts(connection) == {"x.csv": 2}
    assert audited(connection, "statut, motif")[-1] == ("remplace", "accepte")
    # It stays accepted, also when another declaration has it read again.
    again = load(table(options={"optional": ["b"], "max_shrink": 0}))
    assert {file.path[-5:]: file.status for file in again.tables[0].files} == {
        "x.csv": "remplace",
        "z.csv": "charge",
    }


def test_an_edition_with_too_many_unreadable_lines_waits_and_the_others_load(
    load: Any, landing: Path, connection: Connection
) -> None:
    bad = GOOD + "1\n" * 6
    for year in range(2021, 2026):
        put(landing, f"x-{year}.csv", (bad if year == 2023 else GOOD).replace("x", str(year)))
    files = load().tables[0].files
    assert [file.status for file in files] == ["charge", "charge", "attente", "charge", "charge"]
    assert (
        "6 lignes refusées dès la ligne 102 (nombre de champs inattendu : 6) sur 106 lignes"
        in files[2].message
    )
    assert "5\u00a0% permis (`max_rejects`)" in files[2].message
    assert len(counts(connection)) == 4
    path = "age/essai/x-2023.csv"
    taken = load(accepted={path: [digest(bad.replace("x", "2023"))]})
    assert (only(taken).status, only(taken).rows, only(taken).rejects) == ("charge", 100, 6)
    assert {file.status for file in load().tables[0].files} == {"inchange"}


def test_a_renamed_file_takes_its_rows_along(load: Any, landing: Path, connection: Connection) -> None:
    declared = table("age/essai/x_{annee}.csv")
    path = put(landing, "x_2023.csv", GOOD)
    load(declared)
    connection.execute("update plateforme.chargements set recu_le = '2025-10-20 12:05+00'")
    path.rename(path.with_name("x_2024.csv"))
    report = load(declared)
    assert (only(report).status, report.tables[0].gone) == ("charge", [])
    assert only(report).message == "Renommé : c'était age/essai/x_2023.csv."
    assert counts(connection) == {"x_2024.csv": 100}
    assert connection.execute("select distinct annee from raw_age.essai").fetchall() == [("2024",)]
    assert statuses(connection) == ["charge", "charge", "renomme"]
    # Moved on the disk, it was not received again.
    assert len(set(audited(connection, "recu_le")[:2])) == 1
    path.with_name("x_2024.csv").rename(path)
    assert only(load(declared)).status == "charge"
    assert counts(connection) == {"x_2023.csv": 100}


def test_a_copy_is_said_with_both_names_and_the_way_out(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", GOOD)
    put(landing, "y.csv", GOOD)
    said = load().tables[0].files[1].message
    assert "Même contenu que age/essai/x.csv" in said
    assert "make withdraw FICHIER=age/essai/x.csv (ou FICHIER=age/essai/y.csv)" in said
    assert counts(connection) == {"x.csv": 100, "y.csv": 100}


def test_a_file_that_left_is_said_and_keeps_its_rows(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", GOOD)
    put(landing, "y.csv", GOOD + "y,1\n")
    load()
    (landing / "age/essai/x.csv").unlink()
    lines: list[str] = []
    report = load(progress=lines.append)
    assert report.gone == ["age/essai/x.csv"]
    assert report.failed == []
    assert "n'est plus dans la zone de dépôt, ses lignes restent" in lines[-1]
    assert "make withdraw FICHIER=age/essai/x.csv" in lines[-1]
    assert counts(connection) == {"x.csv": 100, "y.csv": 101}
    assert load(domains=["sg"]).gone == []


def test_a_bad_file_that_left_leaves_no_trace_of_failure(
    load: Any, landing: Path, connection: Connection
) -> None:
    bad = put(landing, "x.csv", "c\n1\n")
    load()
    assert [entry.fichier for entry in refused(connection, table())] == ["age/essai/x.csv"]
    bad.unlink()
    report = load()
    assert (report.failed, report.gone, refused(connection, table())) == ([], [], [])
    put(landing, "x.csv", GOOD)
    assert only(load()).status == "charge"


def test_a_withdrawn_file_does_not_come_back_by_itself(
    load: Any, landing: Path, connection: Connection
) -> None:
    path = "age/essai/x.csv"
    put(landing, "x.csv", GOOD + "1\n")
    load()
    assert (held(connection, table(), path).rows, held(connection, table(), path).rejects) == (100, 1)
    gone = withdraw(connection, table(), path, digest(GOOD + "1\n"), "")
    assert (gone.rows, gone.rejects) == (100, 1)
    assert (counts(connection), placed(connection, table())) == ({}, [])
    file = only(load())
    assert file.status == "retire"
    assert "make accept FICHIER=age/essai/x.csv" in file.line()
    assert load().failed == []
    # Renamed, it is still the same file.
    (landing / path).rename(landing / "age/essai/y.csv")
    file = only(load())
    assert (file.status, "même contenu que age/essai/x.csv, qui a été retiré" in file.message) == (
        "attente",
        True,
    )
    assert only(load(accepted={"age/essai/y.csv": [digest(GOOD + "1\n")]})).status == "charge"
    # Another content is another delivery; the withdrawn one does not come back behind it.
    put(landing, "x.csv", GOOD + "new,1\n")
    assert counts(connection) == {"y.csv": 100}
    assert [file.status for file in load().tables[0].files] == ["charge", "inchange"]
    withdraw(connection, table(), path, digest(GOOD + "new,1\n"), "")
    put(landing, "x.csv", GOOD + "newer,1\n")
    assert load().tables[0].files[0].status == "charge"
    put(landing, "x.csv", GOOD + "new,1\n")
    assert load().tables[0].files[0].status == "attente"
    assert counts(connection) == {"x.csv": 101, "y.csv": 100}


def test_lock_files_of_office_are_ignored_and_said(load: Any, landing: Path) -> None:
    put(landing, "x.xlsx", b"")
    (landing / "age/essai/x.xlsx").unlink()
    (landing / "age/essai/~$x.xlsx").write_bytes(b"\x05user")
    lines: list[str] = []
    report = load(table("age/essai/*.xlsx", file_format="xlsx"), progress=lines.append)
    assert (report.ignored, report.unmatched, report.tables[0].files) == (["age/essai/~$x.xlsx"], [], [])
    assert lines == ["age/essai/~$x.xlsx : verrou d'un classeur ouvert dans Excel, ignoré."]


def test_the_checks_see_an_empty_or_collapsed_delivery(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", "a,b\n")
    load()
    # The only file of its table: nothing good ever came.
    assert [row[0] for row in faults(connection, "fully_loaded")] == ["age/essai/x.csv"]
    assert faults(connection, "comparable_volume") == [("age/essai/x.csv", 0, None)]
    put(landing, "x.csv", GOOD)
    load()
    for name in ("fully_loaded", "comparable_volume", "as_declared"):
        assert faults(connection, name) == []
    for content, status, motif, count in (("a,b\n", "echec", "vide", 0), (FEW, "attente", "chute", 2)):
        put(landing, "x.csv", content)
        load()
        # What is in place is good, and what reads it may be built.
        assert faults(connection, "fully_loaded") == []
        assert faults(connection, "comparable_volume") == [("age/essai/x.csv", count, 100)]
        assert faults(connection, "as_declared") == [("age/essai/x.csv", status, motif, "", 0)]
    # One cell in another encoding is said, whatever its share.
    put(landing, "x.csv", GOOD + "Ã©,1\n")
    load()
    assert faults(connection, "as_declared") == [("age/essai/x.csv", "remplace", "", "", 1)]
    # The good file again: all is well.
    put(landing, "x.csv", GOOD)
    load()
    assert faults(connection, "comparable_volume") == faults(connection, "as_declared") == []


def test_no_check_passes_on_an_empty_file_in_place_unless_it_is_allowed(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", "a,b\n")
    load(table(options={"allow_empty": True}))
    assert faults(connection, "fully_loaded") == faults(connection, "comparable_volume") == []
    connection.execute("update plateforme.chargements set motif = ''")
    assert [row[0] for row in faults(connection, "fully_loaded")] == ["age/essai/x.csv"]
    assert faults(connection, "comparable_volume") == [("age/essai/x.csv", 0, 0)]


def test_a_rename_and_a_withdrawal_leave_the_checks_green_and_a_copy_names_both(
    load: Any, landing: Path, connection: Connection
) -> None:
    for name in ("x.csv", "z.csv"):
        put(landing, name, GOOD + f"{name},1\n")
    load()
    (landing / "age/essai/x.csv").rename(landing / "age/essai/y.csv")
    load()
    assert faults(connection, "fully_loaded") == faults(connection, "as_declared") == []
    put(landing, "x.csv", GOOD + "x.csv,1\n")
    load()
    assert sorted((row[0], row[-1]) for row in faults(connection, "fully_loaded")) == [
        ("age/essai/x.csv", "age/essai/y.csv"),
        ("age/essai/y.csv", "age/essai/x.csv"),
    ]
    withdraw(connection, table(), "age/essai/x.csv", None, "")
    for name in ("fully_loaded", "comparable_volume", "as_declared"):
        assert faults(connection, name) == []


def test_unreadable_lines_that_somebody_said_yes_to_hold_nothing_back(
    load: Any, landing: Path, connection: Connection
) -> None:
    content = GOOD + "1\n" * 6
    put(landing, "x.csv", content)
    load(accepted={"age/essai/x.csv": [digest(content)]})
    assert faults(connection, "fully_loaded") == []
    connection.execute("update plateforme.chargements set motif = ''")
    assert len(faults(connection, "fully_loaded")) == 1
