"""What the sample reads beside its files: the systems, what they hold, and where they run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import httpx
import psycopg
import pytest

from dev.sample import DEFAULT_SEED
from dev.sample.reference import World
from dev.sample.systems import DATASET, FACILITIES, ROOMS, SPORT, facilities, fill, occupations
from donnees_au_centre.cli.session import Session
from donnees_au_centre.connectors import RecordSource, connection_named, kind_named
from donnees_au_centre.settings import Settings
from donnees_au_centre.warehouse import EmbeddedServer

WORLD = World(DEFAULT_SEED, 1.0)
PORTAL = f"/api/explore/v2.1/catalog/datasets/{DATASET}"


@pytest.fixture
def settings(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Of the sample, over the server of the tests; the environment gives no connection."""
    for name in (ROOMS, f"{ROOMS}_PASSWORD_FILE", SPORT):
        monkeypatch.delenv(name, raising=False)
    yield replace(Settings.load({}), state=server.state)


def read(kind: str, connection: str, location: str) -> list[list[str | None]]:
    """The rows of a system, as its kind reads them."""
    made = kind_named(kind)
    source = made(connection_named(connection, os.environ), location, made.options_class())
    assert isinstance(source, RecordSource)
    with source.open():
        columns = source.columns()
        return [list(row) for batch in source.batches(columns, None) for row in batch.cells()]


def test_both_systems_give_what_their_maker_says(settings: Settings) -> None:
    with Session(settings).sample_systems():
        rooms = read("postgresql", "salles", "reservations.occupation")
        sport = read("opendatasoft", "infrastructures_sportives", DATASET)
        assert read("postgresql", "salles", "reservations.occupation") == rooms
    assert [row[0] for row in rooms] == [str(row.number) for row in occupations(WORLD)]
    assert [row[0] for row in sport] == [record["numero"] for record in facilities(WORLD)]
    assert not {ROOMS, f"{ROOMS}_PASSWORD_FILE", SPORT} & set(os.environ)
    # Each sort of dirt is there.
    assert sum(row[1] == "TOTAL" for row in rooms) == 21
    assert {position for row in rooms for position, cell in enumerate(row) if cell is None} == {2, 4, 5, 6}
    assert sum(row[0] is None for row in sport) == 1
    assert any(str(row[5]).startswith("vers ") for row in sport)


def test_what_a_person_defined_stays(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ROOMS, "postgresql://lecteur@serveur.example/salles")
    with Session(settings).sample_systems():
        assert os.environ[ROOMS] == "postgresql://lecteur@serveur.example/salles"
        assert f"{ROOMS}_PASSWORD_FILE" not in os.environ
        assert os.environ[SPORT].startswith("http://127.0.0.1:")
    assert os.environ[ROOMS] == "postgresql://lecteur@serveur.example/salles"


@pytest.mark.parametrize("where", ["landing", "target"])
def test_elsewhere_than_over_the_sample_nothing_runs(settings: Settings, tmp_path: Path, where: str) -> None:
    other = replace(settings, landing=tmp_path) if where == "landing" else replace(settings, target="ci")
    before = MappingProxyType(dict(os.environ))
    with Session(other).sample_systems():
        assert dict(os.environ) == before


def test_a_database_that_says_something_else_is_filled_anew_and_no_other_is_touched(database: str) -> None:
    rows = list(occupations(WORLD))
    fill(database, rows[:-1])
    with psycopg.connect(database, autocommit=True) as connection:
        count = "select count(*), max(xmin::text::bigint) from reservations.occupation"
        first = connection.execute(count).fetchone()
        fill(database, rows[:-1])
        assert connection.execute(count).fetchone() == first
        fill(database, rows)
        assert first and connection.execute(count).fetchone() != first
        assert connection.execute("select count(*) from reservations.occupation").fetchone() == (len(rows),)


def test_the_portal_refuses_what_it_does_not_do(settings: Settings) -> None:
    with Session(settings).sample_systems(), httpx.Client(base_url=os.environ[SPORT]) as client:
        page = client.get(f"{PORTAL}/records", params={"limit": 100, "offset": 100}).json()
        assert (page["total_count"], len(page["results"])) == (FACILITIES, 50)
        for params in ({"limit": 101}, {"offset": 9999}, {"where": "genre = 'Piscine'"}, {"limit": "x"}):
            refused = client.get(f"{PORTAL}/records", params=params)
            assert (refused.status_code, refused.json()["error_code"]) == (400, "InvalidRESTParameterError")
        assert client.get("/api/explore/v2.1/catalog/datasets/autre").status_code == 404
