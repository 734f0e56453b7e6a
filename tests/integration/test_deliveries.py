"""`make accept` and `make withdraw`: nothing without CONFIRMER, what was shown with it, and a trace."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest

from donnees_au_centre.audit.journal import readable
from donnees_au_centre.cli import deliveries
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.landing.tables import ensure_table
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings
from tests.integration.test_landing_loader import put
from tests.unit.landing_sources import source

PATH = "age/essai/x.csv"
GOOD = "a,b\n" + "".join(f"{number},x\n" for number in range(100)) + "trop,de,champs\n"
FEW = "a,b\n1,y\n2,y\n"
CURSOR = {"cursor": "b", "type": "time", "key": ["a"]}


class Place:
    """A landing zone, a database, and the commands over them; dbt and the server are not asked."""

    def __init__(self, conninfo: str, folder: Path) -> None:
        self.conninfo, self.landing = conninfo, folder / "landing"
        (self.landing / "age/essai").mkdir(parents=True)
        self.settings = replace(Settings.load({}), landing=self.landing, build=folder / "build")
        staging = {
            "unique_id": "model.essai.stg_essai",
            "resource_type": "model",
            "name": "stg_essai",
            "schema": "age",
            "depends_on": {"nodes": ["source.essai.essai.essai"]},
        }
        raw = source()
        self.manifest = Manifest(
            {"sources": {raw["unique_id"]: raw}, "nodes": {staging["unique_id"]: staging}}
        )
        self.rebuilt: list[set[str]] = []

    def load(self) -> Any:
        return load_landing(self.conninfo, self.landing, read_declarations(self.manifest.sources.values()))

    def ask(self, query: str) -> list[Any]:
        with psycopg.connect(self.conninfo) as connection:
            return connection.execute(query).fetchall()

    def events(self) -> list[Any]:
        with psycopg.connect(self.conninfo) as connection:
            return connection.execute(
                f"select action, objet, details ->> 'decision', details ->> 'fichier', "
                f"details ->> 'lignes' from {readable(connection)} order by id"
            ).fetchall()


@pytest.fixture
def place(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    found = Place(database, tmp_path)

    class Access:
        address, user = "essai@127.0.0.1", "donnees"

        def conninfo(self) -> str:
            return database

    @contextmanager
    def connected(_access: Access) -> Iterator[psycopg.Connection]:
        with psycopg.connect(database) as connection:
            yield connection

    monkeypatch.setattr(deliveries, "open_project", lambda _session: (Access(), found.manifest))
    monkeypatch.setattr(deliveries, "connected", connected)
    monkeypatch.setattr(deliveries, "rebuild", lambda *arguments: found.rebuilt.append(arguments[-1]))
    put(found.landing, "x.csv", GOOD)
    found.load()
    yield found


Command = Callable[[Settings, dict[str, str]], int]


@pytest.mark.parametrize("command", [deliveries.accept, deliveries.withdraw])
def test_without_a_file_the_known_ones_are_named(
    place: Place, command: Command, capsys: pytest.CaptureFixture[str]
) -> None:
    if command is deliveries.accept:
        assert command(place.settings, {}) == 0
        assert "Aucun fichier n'attend d'accord." in capsys.readouterr().out
    put(place.landing, "x.csv", FEW)
    place.load()
    if command is deliveries.accept:
        assert command(place.settings, {}) == 0
        assert f"{PATH} : En attente d'un accord" in capsys.readouterr().out
    else:
        with pytest.raises(PlatformError) as caught:
            command(place.settings, {})
        assert PATH in caught.value.advice
    with pytest.raises(PlatformError, match="aucune source ne le lit"):
        command(place.settings, {"FICHIER": "age/essai/x.txt"})


def test_accept_loads_the_very_file_that_waits(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(PlatformError, match="n'attend pas d'accord"):
        deliveries.accept(place.settings, {"FICHIER": PATH})
    put(place.landing, "x.csv", FEW)
    place.load()
    assert deliveries.accept(place.settings, {"FICHIER": f"{place.landing}/{PATH}"}) == 0
    shown = capsys.readouterr().out
    assert "2 lignes seulement" in shown and "100 lignes en place" in shown
    assert "Lu par 1 modèle : stg_essai." in shown and "CONFIRMER=1" in shown
    assert place.ask("select count(*) from raw_age.essai") == [(100,)]
    put(place.landing, "x.csv", FEW + "3,y\n")
    with pytest.raises(PlatformError, match="n'est plus le fichier qui attendait"):
        deliveries.accept(place.settings, {"FICHIER": PATH, "CONFIRMER": "1"})
    put(place.landing, "x.csv", FEW)
    assert deliveries.accept(place.settings, {"FICHIER": PATH, "CONFIRMER": "1"}) == 0
    assert "make build SELECT='source:essai.essai+'" in capsys.readouterr().out
    assert place.ask("select count(*) from raw_age.essai") == [(2,)]
    assert place.events() == [("chargement", "age.essai.essai", "accord", PATH, "2")]
    assert place.load().failed == []


def test_withdraw_shows_then_takes_and_rebuilds(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    assert deliveries.withdraw(place.settings, {"FICHIER": PATH}) == 0
    shown = capsys.readouterr().out
    assert "raw_age.essai : 100 lignes" in shown and "rejets : 1 ligne\n" in shown
    assert "Lu par 1 modèle : stg_essai." in shown
    assert (place.ask("select count(*) from raw_age.essai"), place.rebuilt) == ([(100,)], [])
    assert deliveries.withdraw(place.settings, {"FICHIER": f"landing/{PATH}", "CONFIRMER": "1"}) == 0
    assert place.ask("select count(*) from raw_age.essai") == [(0,)]
    assert place.ask("select count(*) from raw_age.rejets_chargement") == [(0,)]
    assert place.ask("select statut from plateforme.chargements order by chargement_id") == [
        ("charge",),
        ("retire",),
    ]
    assert place.events() == [("chargement", "age.essai.essai", "retrait", PATH, "100")]
    assert place.rebuilt == [{"source.essai.essai.essai"}]
    assert [file.status for file in place.load().tables[0].files] == ["retire"]
    # Said yes to, it comes back.
    assert deliveries.accept(place.settings, {"FICHIER": PATH, "CONFIRMER": "1"}) == 0
    assert place.ask("select count(*) from raw_age.essai") == [(100,)]


def test_a_failed_rebuild_after_a_withdrawal_names_the_command(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_arguments: Any) -> None:
        raise PlatformError("Un test a échoué.", "Voyez le résumé.")

    monkeypatch.setattr(deliveries, "rebuild", fails)
    with pytest.raises(PlatformError, match="Les lignes sont retirées") as caught:
        deliveries.withdraw(place.settings, {"FICHIER": PATH, "CONFIRMER": "1"})
    assert "make build SELECT='source:essai.essai+'" in caught.value.advice
    assert place.ask("select count(*) from raw_age.essai") == [(0,)]


def test_what_a_system_gives_again_is_said_before(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """A system keeps its rows: what comes back, when, and how it would not, is said before anything goes."""
    name = f"{source()['unique_id']}"
    node = place.manifest.sources[name]
    for incremental, back in ((None, "dès que quoi que ce soit y a changé"), (CURSOR, "relue entière")):
        external = {"kind": "postgresql", "connection": "amont", "location": "public.eleves"}
        raw = source(options={"incremental": incremental} if incremental else None)
        raw["external"] = {**external, "options": {"incremental": incremental} if incremental else {}}
        place.manifest = Manifest({"sources": {name: raw}, "nodes": {}})
        with psycopg.connect(place.conninfo) as connection:
            (table,) = read_declarations(place.manifest.sources.values())
            ensure_table(connection, table)
        assert deliveries.withdraw(place.settings, {"FICHIER": "age/essai/essai.postgresql"}) == 0
        shown = " ".join(capsys.readouterr().out.split())
        assert "base PostgreSQL, connexion « amont », public.eleves" in shown
        assert back in shown
        assert f"dans {node.file}, ne lisez que le reste" in shown
    bounds = {"DEPUIS": "2026-01-01 08:00", "FICHIER": "age/essai/essai.postgresql"}
    deliveries.withdraw(place.settings, bounds)
    assert "Période : depuis 01/01/2026 08:00:00 compris (fuseau Europe/Brussels)." in capsys.readouterr().out
