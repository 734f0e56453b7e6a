"""From an API to the raw table and the audit, in a real base."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from donnees_au_centre.connectors import web
from donnees_au_centre.landing import LoadReport, load_landing, read_declarations, records
from tests.servers.api import Api, api_server
from tests.unit.landing_sources import as_nodes, source

WALKS = {
    "kind": "opendatasoft",
    "location": "points-verts",
    "options": {"incremental": {"cursor": "modifie", "type": "time", "key": ["id"]}},
}
LATE = {"incremental": {"cursor": "modifie", "type": "time", "look_back": "9 days", "key": ["id"]}}
PAGES = {
    "kind": "rest",
    "location": "page",
    "options": {
        "rows": "lignes.*",
        "total": "total",
        "paging": {"by": "page", "size_param": "size", "size": 2},
        "max_rejects": 0.9,
    },
}


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setattr(web, "PAUSES", (0.0,))
    monkeypatch.setattr(records, "PAUSES", (0.0,))
    with api_server() as api:
        monkeypatch.setenv("SOURCE_API", api.url)
        api.fields = [("id", "int"), ("nom", "text"), ("modifie", "datetime")]
        yield api


@pytest.fixture
def load(database: str, tmp_path: Path, api: Api) -> Callable[..., tuple[str, str]]:
    def run(external: dict[str, Any]) -> tuple[str, str]:
        entry = source(location="", columns=("id", "nom", "modifie"), file_format=None)
        entry["external"] = external | {"connection": "api"}
        report: LoadReport = load_landing(database, tmp_path, read_declarations(as_nodes(entry)))
        (file,) = report.tables[0].files
        return file.status, file.message

    return run


def walk(number: int, day: int, name: str = "x") -> str:
    return json.dumps({"id": number, "nom": name, "modifie": f"2026-01-{day:02}T08:00:00+00:00"})


def test_a_portal_fills_its_table(
    load: Callable[..., tuple[str, str]], api: Api, connection: psycopg.Connection[Any]
) -> None:
    def rows() -> list[Any]:
        return connection.execute(
            "select id, nom, source_ligne from raw_age.essai order by id::int"
        ).fetchall()

    api.records = [walk(n, n) for n in (1, 2, 3)]
    assert load(WALKS)[0] == "charge"
    assert rows() == [("1", "x", 1), ("2", "x", 2), ("3", "x", 3)]
    before = len(api.asked)
    api.records = [walk(1, 1), walk(2, 5, "neuf"), walk(3, 3), walk(4, 6)]
    assert load(WALKS)[0] == "remplace"
    assert [row[:2] for row in rows()] == [("1", "x"), ("2", "neuf"), ("3", "x"), ("4", "x")]
    # Only what is new was exported, and once.
    exports = [one.query for one in api.asked[before:] if one.path.endswith("jsonl")]
    assert exports == [{"where": ["modifie >= date'2026-01-03T08:00:00+00:00'"]}]
    assert load(WALKS)[0] == "inchange"
    kept = connection.execute(
        "select statut, lignes from plateforme.chargements where fichier = %s order by 1",
        ["age/essai/essai.opendatasoft"],
    ).fetchall()
    assert kept == [("charge", 3), ("remplace", 4)]
    api.fields[0] = ("id", "text")
    api.records.append(walk(5, 7))
    status, message = load(WALKS)
    assert (status, "id : int -> text" in message) == ("attente", True)
    api.fault(*["cut"] * 99)
    assert load(WALKS | {"options": {}})[0] == "echec"
    assert len(rows()) == 4


def test_pages_fill_their_table_and_what_is_no_row_is_kept(
    load: Callable[..., tuple[str, str]], api: Api, connection: psycopg.Connection[Any]
) -> None:
    api.records = [walk(1, 1), '{"id": 2, "nom": "\\u0000"}', '{"id": 3, "nom": "a\\u0000"}', walk(4, 1)]
    assert load(PAGES)[0] == "charge"
    assert connection.execute("select id from raw_age.essai order by id").fetchall() == [("1",), ("4",)]
    rejects = connection.execute(
        "select source_ligne, motif from raw_age.rejets_chargement order by 1"
    ).fetchall()
    assert rejects == [(2, "caractere_nul"), (3, "caractere_nul")]
    api.total = 5
    status, message = load(PAGES)
    assert (status, "annonce 5 lignes et en donne 4" in message) == ("echec", True)
    api.records, api.total = [], None
    assert load(PAGES)[0] != "charge"
    assert connection.execute("select count(*) from raw_age.essai").fetchall() == [(2,)]


def test_what_is_no_row_is_kept_once_and_an_empty_answer_changes_nothing(
    load: Callable[..., tuple[str, str]], api: Api, connection: psycopg.Connection[Any]
) -> None:
    def rejects() -> list[Any]:
        return connection.execute(
            "select source_ligne, texte from raw_age.rejets_chargement order by 1"
        ).fetchall()

    def moved(number: int) -> str:
        return walk(number, number).replace("modifie", "maj")

    one = '{"id": 2, "nom": "a\\u0000", "maj": "2026-01-02T08:00:00+00:00"}'
    api.records = [moved(1), one, moved(3)]
    external = PAGES | {
        "options": PAGES["options"] | {"since_param": "depuis", "renames": {"maj": "modifie"}} | LATE
    }
    assert load(external)[0] == "charge"
    assert load(external)[0] == "inchange"
    api.records.append(moved(4))
    assert load(external)[0] == "remplace"
    assert len(rejects()) == 1
    api.records.append(one.replace("2,", "5,"))
    assert load(external)[0] == "remplace"
    assert len(rejects()) == 2
    assert connection.execute(
        "select rejets from plateforme.chargements order by 1 desc limit 1"
    ).fetchone() == (2,)
    api.records = []
    assert load(external)[0] == "inchange"


def test_a_source_of_another_kind_takes_the_place_of_the_former(
    load: Callable[..., tuple[str, str]], api: Api, connection: psycopg.Connection[Any]
) -> None:
    api.records = [walk(n, n) for n in (1, 2, 3)]
    assert [load(one)[0] for one in (WALKS, PAGES, WALKS, PAGES)] == ["charge"] * 4
    kept = connection.execute("select source_fichier, count(*) from raw_age.essai group by 1").fetchall()
    assert kept == [("age/essai/essai.rest", 3)]
