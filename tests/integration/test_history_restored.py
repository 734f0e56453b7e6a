"""What is read beside, of Dagster's history, stays nowhere when it cannot take its place."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.cli import backup
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import Settings
from donnees_au_centre.warehouse import EmbeddedServer, dumps
from orchestration import home
from tests.small_project import environment

HISTORY = "essai_historique_relu"


@pytest.fixture
def conninfo(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server.ensure_database(HISTORY)
    conninfo = server.start().conninfo(HISTORY)
    for name, value in environment(conninfo).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv(home.STORAGE_DATABASE, HISTORY)
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("create table runs as select 1 as run_id")
    yield conninfo
    for name in histories(conninfo):
        server.drop_database(name)


def histories(conninfo: str) -> list[str]:
    with psycopg.connect(dumps.elsewhere(conninfo, "postgres")) as connection:
        found = connection.execute(
            "select datname from pg_database where starts_with(datname, %s) order by datname", [HISTORY]
        )
        return [name for (name,) in found]


@pytest.mark.parametrize("fault", ["dump", "swap"])
def test_a_failure_leaves_no_database(
    conninfo: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    stamp = "20261130120000"
    dumps.dump(conninfo, tmp_path / backup.DAGSTER)
    if fault == "dump":
        (tmp_path / backup.DAGSTER).write_bytes(b"PGDMP ceci n'est pas une sauvegarde")
    else:
        # Somebody made the name that the former history would take.
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute(f"create database {HISTORY}_avant_{stamp}")
    before = histories(conninfo)
    with pytest.raises(PlatformError):
        backup._restore_history(Settings.load({}), tmp_path, stamp)
    assert histories(conninfo) == before
    with psycopg.connect(conninfo) as connection:
        assert connection.execute("select run_id from runs").fetchall() == [(1,)]
