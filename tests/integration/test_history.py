"""The history in a real database: whole, append-only, and never in the way of a run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.history.recording import NodeOutcome, Recording, SourceAge, waiting_folder
from donnees_au_centre.history.structure import ensure_history, forget_old_runs
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT, Settings
from donnees_au_centre.warehouse import EmbeddedServer
from tests.small_project import settings_of

NOW = datetime.now(UTC)
MANIFEST = Manifest({"metadata": {"dbt_version": "1.11.16", "project_name": "p"}, "nodes": {}, "sources": {}})
NODES = [
    NodeOutcome("model.p.a", "reussi", NOW + timedelta(seconds=1), 0.25, 12, 0, ""),
    NodeOutcome("test.p.b", "echec", NOW + timedelta(seconds=2), 0.5, None, 3, "Got 3 results"),
    NodeOutcome("model.p.c", "saute", None, 0.0, None, 0, ""),
]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_of(tmp_path)


def record(settings: Settings, conninfo: str, nodes: list[NodeOutcome] = NODES, **more: object) -> str:
    recording = Recording(settings, conninfo, MANIFEST, "build", "make build", "age", **more)
    for node in nodes:
        recording.note(node)
    return recording.end()


def ask(conninfo: str, query: str) -> list[tuple]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute(query).fetchall()


def test_a_run_is_noted_whole(settings: Settings, database: str) -> None:
    assert record(settings, database, begun=NOW) == ""
    assert ask(
        database, "select commande, lanceur, portee, cible, version_dbt, issue from historique.executions"
    ) == [("build", "make build", "age", "dev", "1.11.16", "echec")]
    assert ask(
        database,
        "select n.unique_id, r.debut_ms, r.duree_ms, r.lignes, r.fautes, r.statut "
        "from historique.resultats as r inner join historique.noeuds as n on r.noeud_id = n.noeud_id "
        "order by n.unique_id",
    ) == [
        ("model.p.a", 1000, 250, 12, None, "reussi"),
        ("model.p.c", 0, 0, None, None, "saute"),
        ("test.p.b", 2000, 500, None, 3, "echec"),
    ]
    assert ask(database, "select message from historique.messages") == [("Got 3 results",)]
    assert not list(waiting_folder(settings).iterdir())


def test_freshness_is_noted_beside_results(settings: Settings, database: str) -> None:
    recording = Recording(settings, database, MANIFEST, "source freshness", "make demo", "tout")
    recording.note_age(SourceAge("source.p.s", "averti", NOW, ""))
    recording.note_age(SourceAge("source.p.t", "erreur", None, "no table"))
    assert recording.end("reussi") == ""
    assert ask(database, "select statut, recu_le from historique.fraicheurs order by statut") == [
        ("averti", NOW),
        ("erreur", None),
    ]


def test_nothing_of_it_is_changed_or_removed(settings: Settings, database: str) -> None:
    record(settings, database)
    with psycopg.connect(database, autocommit=True) as connection:
        for table in ("executions", "noeuds", "resultats", "messages", "fraicheurs", "mesures"):
            for statement in (f"delete from historique.{table}", f"truncate historique.{table} cascade"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="ne se modifie pas"):
                    connection.execute(statement)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("update historique.executions set issue = 'reussi'")


def test_old_runs_are_forgotten_and_recent_ones_are_not(settings: Settings, database: str) -> None:
    for days in (500, 397, 200, 0):
        assert record(settings, database, begun=NOW - timedelta(days=days)) == ""
    with psycopg.connect(database) as connection:
        assert forget_old_runs(connection, NOW) == 2
    assert ask(database, "select count(*) from historique.executions") == [(2,)]
    assert ask(database, "select count(*) from historique.resultats") == [(6,)]
    with psycopg.connect(database) as connection, pytest.raises(psycopg.Error, match="90 derniers jours"):
        connection.execute("select historique.purger(now())")


def test_a_run_is_noted_once(settings: Settings, database: str) -> None:
    with psycopg.connect(database) as connection:
        ensure_history(connection)
        execution = {
            "cle": "6f4f8f6e-3f0e-4a38-9d4e-0d1c2b7e9a11", "commencee_le": NOW.isoformat(),
            "terminee_le": NOW.isoformat(), "commande": "build", "lanceur": "essai", "portee": "tout",
            "cible": "dev", "revision": "", "manifeste": "", "version_dbt": "", "issue": "reussi",
        }  # fmt: skip
        for _ in range(2):
            connection.execute(
                "select historique.noter(%s::jsonb, '[]', '[]', '[]')", [json.dumps(execution)]
            )
        assert connection.execute("select count(*) from historique.executions").fetchone() == (1,)


def test_a_database_that_is_away_costs_nothing_and_the_next_run_notes_both(
    settings: Settings, database: str
) -> None:
    away = "host=127.0.0.1 port=1 dbname=x user=x connect_timeout=2"
    said = record(settings, away)
    assert "l'historique ne l'a pas notée" in said
    assert "Que faire" in said
    assert len(list(waiting_folder(settings).glob("*.jsonl"))) == 1
    assert record(settings, database, begun=NOW) == ""
    assert ask(database, "select count(*) from historique.executions") == [(2,)]
    assert ask(database, "select count(*) from historique.resultats") == [(6,)]
    assert not list(waiting_folder(settings).iterdir())


def test_a_disk_that_refuses_the_file_loses_only_the_safety(
    settings: Settings, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting_folder(settings).parent.mkdir(parents=True)
    waiting_folder(settings).write_text("a file where the folder should be")
    said = record(settings, database)
    assert str(waiting_folder(settings)) in said
    assert ask(database, "select count(*) from historique.resultats") == [(3,)]


KILLED = """
import sys, time
from pathlib import Path
from tests.integration.test_history import MANIFEST, NODES, settings_of
from donnees_au_centre.history.recording import Recording
recording = Recording(settings_of(Path(sys.argv[1])), "", MANIFEST, "build", "make build", "age")
recording.note(NODES[0])
recording.note(NODES[1])
print("noted", flush=True)
time.sleep(60)
"""


@pytest.fixture
def killed(settings: Settings) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(settings.root)],
        stdout=subprocess.PIPE, text=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert process.stdout is not None and process.stdout.readline() == "noted\n"
    yield
    process.kill()
    process.wait()


def test_a_killed_run_is_noted_as_interrupted_by_the_next_one(
    settings: Settings, database: str, killed: None
) -> None:
    # While its process lives, its file is left alone.
    assert record(settings, database) == ""
    assert ask(database, "select count(*) from historique.executions") == [(1,)]
    [file] = waiting_folder(settings).glob("*.jsonl")
    pid = next(pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if _holds(pid, file))
    os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    with file.open("a") as cut:
        cut.write('{"noeud": {"unique_id": "model.p')
    assert record(settings, database) == ""
    assert ask(
        database,
        "select issue, (select count(*) from historique.resultats as r where r.execution_id = e.execution_id)"
        " from historique.executions as e order by execution_id",
    ) == [("echec", 3), ("echec", 3), ("interrompu", 2)]


def _holds(pid: int, file: Path) -> bool:
    """True when a process has the file open."""
    try:
        return any(link.samefile(file) for link in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def test_roles_of_the_report_read_it_and_cannot_write(server: EmbeddedServer, database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        ensure_history(connection)
        connection.execute("create role essai_historique login password 'essai'")
        try:
            connection.execute("grant audit_auditeur to essai_historique")
            with psycopg.connect(f"{database} user=essai_historique password=essai") as reader:
                assert reader.execute("select count(*) from historique.resultats").fetchone() == (0,)
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute("select historique.noter('{}', '[]', '[]', '[]')")
        finally:
            connection.execute("drop role essai_historique")
