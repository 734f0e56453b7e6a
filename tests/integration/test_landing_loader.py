"""The loader over a real server: what is kept, replaced, refused, and when nothing happens."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jinja2
import openpyxl
import psutil
import psycopg
import pytest

from donnees_au_centre.building.receipts import RECEIPTS
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import (
    LoadReport,
    SourceTable,
    load_landing,
    opening,
    read_declarations,
    row_counts,
)
from donnees_au_centre.landing.contents import LOADERS, Outcome, _Ahead, load_csv
from donnees_au_centre.landing.framer import CsvFramer
from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse import EmbeddedServer
from tests.unit.landing_sources import as_nodes, source, table

Connection = psycopg.Connection[tuple[Any, ...]]


LAST_RECEIVED = (
    "select source_fichier from raw_age.essai group by source_fichier order by max(source_recu_le)"
)


def put(landing: Path, name: str, content: str | bytes) -> Path:
    """Puts a file there as a transfer does: whole, under a new inode."""
    path = landing / "age/essai" / name
    fresh = path.with_name(f".{name}.depot")
    fresh.write_bytes(content.encode() if isinstance(content, str) else content)
    fresh.rename(path)
    return path


def rows(connection: Connection, what: str = "source_ligne, a, b", where: str = "raw_age.essai") -> list[Any]:
    return connection.execute(f"select {what} from {where} order by source_fichier, source_ligne").fetchall()


def statuses(connection: Connection) -> list[str]:
    found = connection.execute("select statut from plateforme.chargements order by chargement_id")
    return [statut for (statut,) in found]


def only(report: LoadReport) -> Any:
    assert len(report.tables) == 1
    assert len(report.tables[0].files) == 1
    return report.tables[0].files[0]


def test_rows_rejects_and_audit(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x.csv", 'a,b\n1,""\n2,\ntrop,de,champs\n3,é\n\n')
    lines: list[str] = []
    report = load(progress=lines.append)
    assert rows(connection) == [(2, "1", ""), (3, "2", None), (5, "3", "é")]
    origin = connection.execute(
        "select distinct source_fichier, chargement_id, now() - charge_le < interval '1 minute' "
        "from raw_age.essai"
    ).fetchall()
    assert origin == [("age/essai/x.csv", 1, True)]
    rejected = connection.execute("select * from raw_age.rejets_chargement").fetchall()
    assert rejected == [
        (
            *(1, "essai", "essai", "age/essai/x.csv", 4, 12),
            *("nombre_de_champs", "3 champ(s) au lieu de 2", "trop,de,champs", b"trop,de,champs"),
        )
    ]
    audit = connection.execute(
        "select domaine, source_nom, table_nom, fichier, variante, statut, octets, lignes, rejets, "
        "lignes_vides, length(sha256), recu_le = charge_le from plateforme.chargements"
    ).fetchall()
    assert audit == [
        ("age", "essai", "essai", "age/essai/x.csv", "principal", "charge", 33, 3, 1, 1, 64, True)
    ]
    assert report.tables[0].status == "charge"
    assert lines == ["age/essai/x.csv : chargé, 3 lignes, 1 illisible, " + lines[0].split(", ", 3)[3]]
    assert json.loads(json.dumps(asdict(report)))["tables"][0]["files"][0]["rows"] == 3


def test_metadata_columns_come_first(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x_2024.csv", "b,extra,a\n1,2,3\n")
    report = load(table("age/essai/x_{annee}.csv"))
    found = connection.execute("select * from raw_age.essai")
    assert [column.name for column in found.description or []] == [
        *("source_fichier", "source_ligne", "chargement_id", "charge_le", "source_recu_le"),
        *("a", "b", "annee", "extra"),
    ]
    assert found.fetchall()[0][5:] == ("3", "1", "2024", "2")
    assert only(report).columns_added == 1
    assert "1 colonne non déclarée gardée (la 2e)" in only(report).message


def test_a_file_read_again_keeps_its_place_among_the_others(
    load: Any, landing: Path, connection: Connection
) -> None:
    """Which file came last: by its content under its name, not by when it was last read."""

    def order() -> list[str]:
        return [name for (name,) in connection.execute(LAST_RECEIVED)]

    put(landing, "x_b.csv", "a,b\n1,2\n")
    os.utime(put(landing, "x_a.csv", "a,b\n3,4\n"), (0, 0))
    load()
    assert order() == ["age/essai/x_a.csv", "age/essai/x_b.csv"]
    put(landing, "x_a.csv", "a,b\n3,4\n")
    load()
    load(table(options={"optional": ["b"]}))
    assert order() == ["age/essai/x_a.csv", "age/essai/x_b.csv"]
    put(landing, "x_a.csv", "a,b\n5,6\n")
    load()
    put(landing, "x_a.csv", "a,b\n3,4\n")
    load()
    assert order() == ["age/essai/x_b.csv", "age/essai/x_a.csv"]


def test_a_renamed_file_keeps_its_place_among_the_others(
    load: Any, landing: Path, connection: Connection
) -> None:
    first = put(landing, "x_a.csv", "a,b\n1,2\n")
    load()
    put(landing, "x_b.csv", "a,b\n3,4\n")
    load()
    first.rename(first.with_name("x_c.csv"))
    load()
    assert [name for (name,) in connection.execute(LAST_RECEIVED)] == [
        "age/essai/x_c.csv",
        "age/essai/x_b.csv",
    ]


def test_rows_loaded_before_the_column_know_when_they_came(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load()
    connection.execute("alter table raw_age.essai drop column source_recu_le")
    connection.execute("update plateforme.chargements set recu_le = '2024-02-29'")
    load()
    assert rows(connection, "source_recu_le::date::text") == [("2024-02-29",)]


def test_nothing_new_changes_nothing(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load()
    before = rows(connection, "*")
    report = load()
    assert (report.tables[0].status, only(report).status) == ("inchange", "inchange")
    assert rows(connection, "*") == before
    assert statuses(connection) == ["charge"]


def test_same_content_again_is_a_receipt(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load()
    before = rows(connection, "*")
    put(landing, "x.csv", "a,b\n1,2\n")
    assert only(load()).status == "identique"
    assert only(load()).status == "inchange"
    assert rows(connection, "*") == before
    assert statuses(connection) == ["charge", "identique"]
    latest = connection.execute(
        "select count(*) from plateforme.chargements "
        "where recu_le > (select min(recu_le) from plateforme.chargements)"
    ).fetchone()
    assert latest == (1,)


def test_corrected_file_replaces_its_rows_and_rejects(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", "a,b\n1,2\nx\n")
    put(landing, "y.csv", "a,b\n8,9\ny\n")
    load()
    put(landing, "x.csv", "a,b\n1,3\n4,5\n")
    report = load()
    assert [file.status for file in report.tables[0].files] == ["remplace", "inchange"]
    assert rows(connection) == [(2, "1", "3"), (3, "4", "5"), (2, "8", "9")]
    assert connection.execute("select texte from raw_age.rejets_chargement").fetchall() == [("y",)]


def test_changed_declaration_loads_again_without_a_receipt(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", "a;b\n1;2\n")
    assert only(load()).status == "echec"
    assert only(load(table(options={"delimiter": ";"}))).status == "charge"
    assert only(load(table(options={"delimiter": ";", "optional": ["b"]}))).status == "remplace"
    received = connection.execute(
        "select count(distinct recu_le), count(distinct charge_le) from plateforme.chargements "
        "where statut <> 'echec'"
    ).fetchone()
    assert received == (1, 2)
    assert rows(connection) == [(2, "1", "2")]


def test_emptied_or_dropped_table_is_filled_again(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load()
    connection.execute("truncate raw_age.essai")
    load()
    assert rows(connection) == [(2, "1", "2")]
    connection.execute("drop schema raw_age cascade")
    load()
    assert rows(connection) == [(2, "1", "2")]


def test_never_received_table_exists_and_is_empty(load: Any, connection: Connection) -> None:
    report = load()
    assert (report.tables[0].status, report.failed) == ("jamais_recu", [])
    assert rows(connection) == []


def test_the_last_receipts_are_those_that_the_macro_reads(
    load: Any, landing: Path, connection: Connection
) -> None:
    for _ in range(2):
        put(landing, "x.csv", "a,b\n1,2\n")
        load()
    put(landing, "y.csv", 'a\n"1')
    load()
    macro = (ROOT / "macros/naming/latest_receipt.sql").read_text("utf-8")
    call = "{{ latest_receipt({'schema': 'raw_age', 'identifier': 'essai'}) }}"
    (received,) = connection.execute(jinja2.Template(macro + call).render().encode()).fetchone() or ()
    found = connection.execute(RECEIPTS).fetchall()
    assert [row[:3] for row in found] == [("raw_age", "essai", received)]
    assert "identique" in statuses(connection) and "echec" in statuses(connection)


def test_older_audit_gets_its_new_columns_and_statuses(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load()
    connection.execute(
        "alter table plateforme.chargements drop hors_tableau, drop mal_encodees, drop motif, "
        "drop constraint chargements_statut_check, add constraint chargements_statut_check "
        "check (statut in ('charge', 'remplace', 'identique', 'doublon', 'echec'))"
    )
    put(landing, "x.csv", "a,b\n1,3\n")
    load()
    kept = connection.execute(
        "select statut, hors_tableau, mal_encodees, motif from plateforme.chargements order by chargement_id"
    )
    assert kept.fetchall() == [("charge", 0, 0, ""), ("remplace", 0, 0, "")]
    connection.execute("update plateforme.chargements set statut = 'attente'")
    with pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("update plateforme.chargements set statut = 'perdu'")


def test_file_that_left_keeps_its_rows(load: Any, landing: Path, connection: Connection) -> None:
    path = put(landing, "x.csv", "a,b\n1,2\n")
    load()
    path.unlink()
    assert load().tables[0].status == "inchange"
    assert len(rows(connection)) == 1


def test_newly_declared_column_is_added(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load()
    report = load(table(columns=("a", "b", "c"), options={"optional": ["c"]}))
    assert only(report).columns_added == 0
    assert rows(connection, "a, b, c") == [("1", "2", None)]


def test_unmatched_files_are_listed_hidden_ones_not(load: Any, landing: Path) -> None:
    put(landing, "x.txt", "?")
    put(landing, ".x.csv", "?")
    (landing / "sg").mkdir()
    (landing / "sg/y.csv").write_text("?")
    assert load().unmatched == ["age/essai/x.txt", "sg/y.csv"]
    assert load(domains=["age"]).unmatched == ["age/essai/x.txt"]
    put(landing, "ise_2024-brut.csv", "a,b\n1,2\n")
    near = load(table("age/essai/ise_{edition:v0|yyyy}.csv"), domains=["age"]).hints
    assert list(near) == ["age/essai/ise_2024-brut.csv"]
    assert "edition « 2024-brut » n'a pas la forme « v0|yyyy »" in near["age/essai/ise_2024-brut.csv"]


def test_other_domains_are_left_alone(load: Any, connection: Connection) -> None:
    report = load(table(), table("sg/essai/*.csv", domain="sg"), domains={"sg"})
    assert [found.domain for found in report.tables] == ["sg"]
    assert connection.execute("select to_regnamespace('raw_age')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("vide.csv", b"", "vide (0 octet)"),
        ("blanc.csv", b"\n\n", "vide"),
        (
            "sans_b.csv",
            b"a,c\n1,2\n",
            "obligatoire : b. Le fichier a 2 colonnes, dont 1 au nom déclaré (a).",
        ),
        ("double.csv", b"a,b,A\n1,2,3\n", "le même nom : les 1re et 3e"),
        ("utf16.csv", "a,b\n1,2\n".encode("utf-16"), "utf-16"),
        ("nul.csv", b"a\0,b\n1,2\n", "octets nuls"),
        ("coupe.json", b'[{"a": 1, "b": 2}, {"a": ', "ligne 1, colonne 26"),
        ("vide.json", b"", "vide"),
        (
            "tout.csv",
            b"a,b\n1\n2\n3\n",
            "Livraison vide : aucune ligne acceptée. 3 lignes refusées dès la ligne 2 (nombre",
        ),
        ("entete.csv", b"a,b\n", "Livraison vide"),
        ("rien.json", b"[]", "Livraison vide"),
        ("erreur.json", b'{"error": "not found"}', "réponse d'erreur d'un service"),
        ("faux.xlsx", b"a,b\n1,2\n", "c'est un texte"),
        ("large.csv", ",".join(f"c{k}" for k in range(1700)).encode() + b",a,b\n", "1\u202f600 colonnes"),
    ],
)
def test_bad_file_fails_alone(
    load: Any, landing: Path, connection: Connection, name: str, content: bytes, words: str
) -> None:
    declared = table(
        options={
            "variants": [
                {"name": "csv"},
                {"name": "json", "location": "age/essai/*.json", "file_format": "json"},
                {"name": "xlsx", "location": "age/essai/*.xlsx", "file_format": "xlsx"},
            ]
        }
    )
    put(landing, "a_bon.csv", "a,b\n1,2\n")
    put(landing, name, content)
    put(landing, "z_bon.csv", "a,b\n3,4\n")
    report = load(declared)
    bad = next(file for file in report.tables[0].files if file.path.endswith(name))
    assert bad.status == "echec"
    assert words in bad.message
    assert "Que faire : " in bad.message
    assert report.failed == report.tables
    assert rows(connection, "a") == [("1",), ("3",)]
    # What it said in place of what was expected is for its administration alone, and no reject.
    assert rows(connection, "motif", "raw_age.rejets_chargement where detail !~ '^Fichier refusé : '") == []
    audit = connection.execute(
        "select message from plateforme.chargements where statut = 'echec' and fichier like %s", [f"%{name}"]
    ).fetchall()
    assert audit == [(bad.message,)]


def test_failure_keeps_the_previous_rows(load: Any, landing: Path, connection: Connection) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load()
    put(landing, "x.csv", "c\n1\n")
    failed = only(load())
    assert failed.status == "echec"
    assert " Rien ne change : 1 ligne en place, depuis le " in failed.message
    assert rows(connection) == [(2, "1", "2")]
    put(landing, "x.csv", "a,b\n1,2\n")
    assert only(load()).status == "identique"


def test_unreadable_file_fails_alone(load: Any, landing: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = opening.opened

    def refusing(zone: Path, path: str, *depositors: Any) -> Any:
        if path.endswith("x.csv"):
            raise PermissionError(13, "Permission denied")
        return real(zone, path, *depositors)

    put(landing, "x.csv", "a,b\n1,2\n")
    put(landing, "y.csv", "a,b\n1,2\n")
    monkeypatch.setattr(opening, "opened", refusing)
    first, second = load().tables[0].files
    assert first.status == "echec"
    assert "ne peut pas être lu" in first.message
    assert second.status == "charge"


def test_file_of_two_tables_is_refused_by_both(load: Any, landing: Path) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    report = load(table(), table(name="autre"))
    assert [found.status for found in report.tables] == ["echec", "echec"]
    assert "age.essai.essai, age.essai.autre" in report.tables[0].files[0].message


def test_file_still_being_written_is_refused(
    load: Any, landing: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(landing, "x.csv", "a,b\n1,2\n")
    frame = CsvFramer.frame

    def frame_and_grow(self: CsvFramer, width: int) -> Iterator[bytes]:
        yield from frame(self, width)
        with path.open("a") as file:
            file.write("3,4\n")

    monkeypatch.setattr(CsvFramer, "frame", frame_and_grow)
    assert "a changé pendant sa lecture" in only(load()).message
    monkeypatch.undo()
    load()
    assert len(rows(connection)) == 2


@pytest.fixture
def two_formats() -> SourceTable:
    return table(
        "age/essai/*.json",
        file_format="json",
        options={
            "one_format_per_extract": True,
            "variants": [
                {"name": "api"},
                {"name": "plat", "location": "age/essai/*.csv", "file_format": "csv"},
            ],
        },
    )


def test_one_extract_in_two_formats_is_loaded_once(
    load: Any, landing: Path, connection: Connection, two_formats: SourceTable
) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    put(landing, "y.csv", "a,b\n8,9\n")
    load(two_formats)
    put(landing, "x.json", '[{"a": 1, "b": 3}]')
    report = load(two_formats)
    assert [(Path(file.path).name, file.status) for file in report.tables[0].files] == [
        ("x.csv", "doublon"),
        ("x.json", "charge"),
        ("y.csv", "inchange"),
    ]
    assert [file.line() for file in report.tables[0].files if file.status != "charge"] == [
        "age/essai/x.csv : doublon. Même extraction que age/essai/x.json, qui est préféré.",
        "age/essai/y.csv : inchangé",
    ]
    assert rows(connection, "a, b") == [("1", "3"), ("8", "9")]
    assert sorted(statuses(connection)) == ["charge", "charge", "charge", "doublon"]
    load(two_formats)
    assert statuses(connection).count("doublon") == 1
    put(landing, "x.csv", "a,b\n1,2\n")
    load(two_formats)
    assert statuses(connection).count("doublon") == 2
    assert rows(connection, "a, b") == [("1", "3"), ("8", "9")]


def test_other_format_takes_over_when_the_first_has_gone(
    load: Any, landing: Path, connection: Connection, two_formats: SourceTable
) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    first = put(landing, "x.json", '[{"a": 1, "b": 3}]')
    load(two_formats)
    first.unlink()
    load(two_formats)
    assert rows(connection, "a, b") == [("1", "2")]


def test_other_format_waits_while_the_first_fails(
    load: Any, landing: Path, connection: Connection, two_formats: SourceTable
) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load(two_formats)
    put(landing, "x.json", "[")
    report = load(two_formats)
    assert {file.status for file in report.tables[0].files} == {"echec", "inchange"}
    assert rows(connection, "a, b") == [("1", "2")]


def test_json_columns_rejects_and_announced_count(load: Any, landing: Path, connection: Connection) -> None:
    cut = {"envelope": "opendatasoft_v2", "allow_partial": True}
    declared = table("age/essai/*.json", file_format="json", options=cut)
    records = [{"a": 1.50, "b": [1, "é"]}, 3, {"a": None, "b": "", "neuf": {"x": True}}]
    put(landing, "x.json", json.dumps({"total_count": 5, "results": records}))
    report = load(declared)
    assert rows(connection, "source_ligne, a, b, neuf_x") == [
        (1, "1.5", '[1, "é"]', None),
        (3, None, "", "true"),
    ]
    assert connection.execute("select source_ligne, texte from raw_age.rejets_chargement").fetchall() == [
        (2, "3")
    ]
    assert "annonce 5 enregistrements et en contient 3" in only(report).message
    assert only(report).line().startswith("age/essai/x.json : chargé, 2 lignes, 1 illisible, ")


def test_cut_export_fails_and_the_rows_before_stay(load: Any, landing: Path, connection: Connection) -> None:
    declared = table("age/essai/*.json", file_format="json", options={"envelope": "opendatasoft_v2"})
    whole = {"total_count": 2, "results": [{"a": 1, "b": 2}, {"a": 3, "b": 4}]}
    put(landing, "x.json", json.dumps(whole))
    load(declared)
    put(landing, "x.json", json.dumps({**whole, "results": whole["results"][:1]}))
    assert only(load(declared)).status == "echec"
    message = only(load(declared)).message
    assert "annonce 2 enregistrements et en contient 1 : l'export est coupé" in message
    assert rows(connection, "a") == [("1",), ("3",)]
    put(landing, "x.json", json.dumps({**whole, "results": []}))
    assert "vide" in only(load(declared)).message
    assert rows(connection, "a") == [("1",), ("3",)]


def test_sheet_is_loaded_as_text(load: Any, landing: Path, connection: Connection) -> None:
    book = openpyxl.Workbook()
    for line in (["A", "B"], [1, "=1+1"], [], [7, "x"], [8, "y", "z"]):
        book.active.append(line)
    book.active["A4"].number_format = "000"
    book.save(landing / "age/essai/x.xlsx")
    load(table("age/essai/*.xlsx", file_format="xlsx"))
    assert rows(connection) == [(4, "007", "x")]
    found = connection.execute(
        "select source_ligne, motif from raw_age.rejets_chargement order by 1"
    ).fetchall()
    assert found == [(2, "formule_sans_valeur"), (3, "ligne_vide"), (5, "nombre_de_champs")]


@pytest.mark.parametrize(
    ("encoding", "delimiter"),
    [("latin-1", ";"), ("cp1252", "|"), ("utf-16", "\t"), ("cp850", ","), ("ascii", "%")],
)
def test_encodings_and_delimiters(
    load: Any, landing: Path, connection: Connection, encoding: str, delimiter: str
) -> None:
    word = "cafe" if encoding == "ascii" else "café"
    text = f'a{delimiter}b\n{word}{delimiter}"x\n""{word}"""\n5" pouces{delimiter}\\.\n'
    put(landing, "x.csv", text.encode(encoding))
    load(table(options={"encoding": encoding, "delimiter": delimiter}))
    assert rows(connection) == [(2, word, f'x\n"{word}"'), (4, '5" pouces', "\\.")]


def test_two_loaders_at_once_load_each_file_once(
    database: str, landing: Path, connection: Connection
) -> None:
    tables = read_declarations(
        as_nodes(*(source(f"age/essai/{name}_*.csv", name=name) for name in ("un", "deux", "trois")))
    )
    for name in ("un", "deux", "trois"):
        for number in range(4):
            put(landing, f"{name}_{number}.csv", "a,b\n" + "1,2\n" * 2000)
    reports: list[LoadReport] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            reports.append(load_landing(database, landing, tables))
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert [report.failed for report in reports] == [[]] * 4
    for name in ("un", "deux", "trois"):
        assert connection.execute(f"select count(*) from raw_age.{name}").fetchone() == (8000,)
    assert statuses(connection) == ["charge"] * 12


def test_busy_table_fails_with_advice_and_the_others_load(
    load: Any, landing: Path, connection: Connection, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    load()
    monkeypatch.setattr("donnees_au_centre.landing.tables.PATIENCE", 0.5)
    with psycopg.connect(database) as reader:
        reader.execute("select * from raw_age.essai")
        report = load(table(columns=("a", "b", "c")), table("age/autre/*.csv", name="autre"))
        pid = reader.info.backend_pid
    assert [found.status for found in report.tables] == ["echec", "jamais_recu"]
    assert f"la session {pid} (rôle " in report.tables[0].message
    assert "occupée" in report.tables[0].message


def test_unreachable_server_is_said_in_french(landing: Path) -> None:
    with pytest.raises(PlatformError, match="PostgreSQL est injoignable"):
        load_landing("host=127.0.0.1 port=1 dbname=absent connect_timeout=2", landing, [table()])


def test_landing_zone_must_exist(database: str, tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="n'est pas un dossier"):
        load_landing(database, tmp_path / "absent", [table()])


def test_killed_server_leaves_the_previous_state(
    tmp_path: Path, landing: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = EmbeddedServer(tmp_path / ".serveur", preferred_port=0)
    try:
        server.start()
        server.ensure_database("essai")
        conninfo = server.start().conninfo("essai")
        put(landing, "x.csv", "a,b\n1,2\n")
        load_landing(conninfo, landing, [table()])
        put(landing, "x.csv", "a,b\n" + "3,4\n" * 50_000)
        frame = CsvFramer.frame

        def frame_and_kill(self: CsvFramer, width: int) -> Iterator[bytes]:
            yield from frame(self, width)
            with psycopg.connect(conninfo, autocommit=True) as other:
                while other.execute("select from pg_stat_progress_copy").rowcount == 0:
                    time.sleep(0.01)
            postmaster = psutil.Process(server.status().pid)
            for process in [postmaster, *postmaster.children(recursive=True)]:
                process.kill()

        monkeypatch.setattr(CsvFramer, "frame", frame_and_kill)
        with pytest.raises(PlatformError, match="s'est arrêté pendant le chargement"):
            load_landing(conninfo, landing, [table()])
        monkeypatch.undo()
        conninfo = server.start().conninfo("essai")
        with psycopg.connect(conninfo, autocommit=True, prepare_threshold=None) as connection:
            assert rows(connection) == [(2, "1", "2")]
            assert statuses(connection) == ["charge"]
            load_landing(conninfo, landing, [table()])
            assert connection.execute("select count(*), min(a) from raw_age.essai").fetchone() == (
                50_000,
                "3",
            )
            assert statuses(connection) == ["charge", "remplace"]
    finally:
        server.destroy()
        shutil.rmtree(tmp_path / ".serveur", ignore_errors=True)


def test_no_more_than_a_few_pieces_wait_for_the_server(
    load: Any, landing: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(landing, "x.csv", "a,b\n" + "3,4\n" * 600_000)
    waiting: list[int] = []
    taken = _Ahead._put

    def slowly(self: _Ahead, piece: Any) -> None:
        waiting.append(self._queue.qsize())
        time.sleep(0.02)
        taken(self, piece)

    monkeypatch.setattr(_Ahead, "_put", slowly)
    load()
    assert connection.execute("select count(*) from raw_age.essai").fetchone() == (600_000,)
    assert len(waiting) > 20 and max(waiting) < 8


def test_an_unforeseen_error_in_one_file_stops_no_other(
    load: Any, landing: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(landing, "1.csv", "a,b\n1,x\n")
    put(landing, "2.csv", "a,b\n2,y\n")
    first: list[Path] = []

    def broken(*arguments: Any) -> Outcome:
        if not first:
            first.append(landing)
            raise KeyError("une valeur à taire")
        return load_csv(*arguments)

    monkeypatch.setitem(LOADERS, "csv", broken)
    failed, loaded = load().tables[0].files
    assert (failed.status, loaded.status, loaded.rows) == ("echec", "charge", 1)
    assert "sans savoir le dire (KeyError" in failed.message and "Que faire" in failed.message
    assert "à taire" not in failed.message
    assert statuses(connection) == ["echec", "charge"]


HELD = "select chargement_id, source_fichier from raw_age.essai group by 1, 2 order by 1, 2"
NOTED = (
    "select chargement_id, source_fichier from raw_age.chargements_presents where table_nom = 'essai' "
    "order by 1, 2"
)
AT_HAND = "insert into raw_age.essai (source_fichier, source_ligne, chargement_id, a) values "


def test_two_that_each_take_half_of_a_load_leave_no_word_of_it(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "un.csv", "a,b\n1,x\n2,x\n")
    put(landing, "deux.csv", "a,b\n3,x\n")
    load()
    half = "delete from raw_age.essai where a = %s"

    def other() -> Connection:
        return psycopg.connect(connection.info.dsn, password=connection.info.password)

    with other() as first, other() as second, ThreadPoolExecutor(1) as aside:
        first.execute(half, ["1"])
        waits = aside.submit(second.execute, half, ["2"])
        waiting = (
            "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and query like 'delete%'"
        )
        end = time.monotonic() + 2
        while time.monotonic() < end and not waits.done() and connection.execute(waiting).fetchone() == (0,):
            time.sleep(0.02)
        first.commit()
        waits.result(timeout=30)
    assert connection.execute(NOTED).fetchall() == connection.execute(HELD).fetchall() != []


def test_a_database_that_stands_gets_what_notes_the_changes_anew(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "un.csv", "a,b\n1,x\n")
    load()
    source = "select prosrc from pg_proc where oid = 'raw_age.noter_lignes_modifiees'::regproc"
    wanted = connection.execute(source).fetchone()
    connection.execute(
        "create or replace function raw_age.noter_lignes_modifiees() returns trigger language plpgsql "
        "security definer as 'begin return null; end'"
    )
    load()
    assert connection.execute(source).fetchone() == wanted


def test_which_loads_have_rows_is_known_whatever_happens(
    load: Any, landing: Path, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_counts, "SMALL", 0)

    def noted() -> bool:
        (rows,) = connection.execute("select count(*) from raw_age.essai").fetchone() or (0,)
        assert row_counts.count_rows(connection, table()) == rows
        found = connection.execute(NOTED).fetchall()
        return bool(found) and found == connection.execute(HELD).fetchall()

    for number in range(12):
        put(landing, f"{number:02}.csv", "a,b\n" + f"{number},x\n" * 300)
    put(landing, "rien.csv", "a,b\ntrop,de,champs\n")
    load()
    assert noted()
    # Another content, some rows gone, all of a load gone: its file is loaded again.
    put(landing, "03.csv", "a,b\n3,y\n")
    connection.execute("delete from raw_age.essai where a = '4' and source_ligne > 2")
    connection.execute("delete from raw_age.essai where a in ('5', '6')")
    assert noted()
    # As if it were large: what hardly changes it leaves its statistics as they are.
    connection.execute("update pg_class set reltuples = 2e6 where oid = 'raw_age.essai'::regclass")
    looked = "select last_analyze from pg_stat_user_tables where relid = 'raw_age.essai'::regclass"
    once = connection.execute(looked).fetchone()
    load()
    assert noted()
    assert connection.execute(looked).fetchone() == once != (None,)
    # Counters lost since, nobody knows whether it was ever looked at.
    connection.execute("select pg_stat_reset_single_table_counters('raw_age.essai'::regclass)")
    connection.execute("update pg_class set reltuples = 2e6 where oid = 'raw_age.essai'::regclass")
    put(landing, "rien.csv", "a,b\n" + "12,x\n" * 300)
    load()
    assert noted()
    assert connection.execute(looked).fetchone() != (None,)
    assert connection.execute("select count(*) from raw_age.essai where a = '6'").fetchone() == (300,)
    connection.execute("update raw_age.essai set chargement_id = 900 where a = '7' and source_ligne < 9")
    connection.execute("update raw_age.essai set source_fichier = 'age/essai/z.csv' where a = '8'")
    assert noted()
    # Rows that come into a load change it too.
    told = connection.execute("select chargement_id from raw_age.lignes_modifiees").fetchall()
    assert (900,) in told and (None,) not in told
    # Who adds rows by hand says not of which load: it is counted anew, and any may have changed.
    connection.execute(AT_HAND + "('age/essai/main.csv', 1, 901, 'm')")
    assert connection.execute(NOTED).fetchall()[-1] == (None, None)
    assert connection.execute("select chargement_id from raw_age.lignes_modifiees").fetchall()[-1] == (None,)
    load()
    assert noted()
    connection.execute("truncate raw_age.essai")
    assert connection.execute(NOTED).fetchall() == []
    load()
    assert noted()


def test_a_table_may_have_the_name_of_what_another_is_of(
    load: Any, landing: Path, connection: Connection
) -> None:
    put(landing, "x.csv", "a,b\n1,2\n")
    assert load(table(), table("age/autre/*.csv", name="lignes_essai")).failed == []
    indexed = "select count(*) from pg_index where indrelid::regclass::text like 'raw_age.%essai'"
    assert connection.execute(indexed).fetchone() == (2,)


def test_a_table_of_before_is_changed_without_a_word(
    load: Any, landing: Path, connection: Connection
) -> None:
    for number in range(3):
        put(landing, f"{number}.csv", f"a,b\n{number},x\n")
    load()
    changes = "select count(*) from raw_age.lignes_modifiees"
    before = connection.execute(changes).fetchone()
    connection.execute(
        "drop trigger noter_insert on raw_age.essai; drop table raw_age.chargements_presents; "
        'drop index raw_age."lignes.essai"; '
        "create index chargements_essai on raw_age.essai (source_fichier, chargement_id)"
    )
    with psycopg.connect(connection.info.dsn, password=connection.info.password) as reader:
        reader.execute("select from raw_age.essai")
        # Whoever reads is waited for another time.
        assert load().failed == []
    assert connection.execute(NOTED).fetchall() == connection.execute(HELD).fetchall() != []
    indexes = "select indexrelid::regclass::text from pg_index where indrelid = 'raw_age.essai'::regclass"
    assert len(connection.execute(indexes).fetchall()) == 2
    load()
    assert connection.execute(indexes).fetchall() == [('raw_age."lignes.essai"',)]
    assert connection.execute(changes).fetchone() == before
    # Where it was not told what changes, anything may have.
    connection.execute("alter table raw_age.essai disable trigger noter_delete")
    connection.execute("delete from raw_age.essai where a = '1'")
    load()
    assert connection.execute(NOTED).fetchall() == connection.execute(HELD).fetchall()
    assert connection.execute(changes).fetchone() != before
