"""What lies elsewhere comes into the landing zone once, whole, whatever breaks on the way."""

from __future__ import annotations

import json
import os
import random
import resource
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import httpx  # noqa: F401 (children that are killed find it there)
import psycopg
import pytest

from donnees_au_centre.connectors import FileSource, PassingFault, RemoteFile, kind_named, registry, retried
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import SourceTable, fetching, load_landing, read_declarations
from donnees_au_centre.landing.declaration import Origin
from donnees_au_centre.landing.zone import Zone
from donnees_au_centre.privacy.files import files_with
from tests.campaigns import WHOLE, campaign
from tests.servers.http import Web, web
from tests.unit.landing_sources import as_nodes, source, table

LARGE = b"a,b\n" + b"".join(b"%d,%s\n" % (line, b"x" * 90) for line in range(60_000))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """No pause between two tries."""
    monkeypatch.setattr(fetching, "retried", lambda work, say: retried(work, (0.0, 0.0), say))


@pytest.fixture
def zone(tmp_path: Path) -> Path:
    (tmp_path / "zone").mkdir()
    return tmp_path / "zone"


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the connection `ailleurs`."""
    (tmp_path / "ailleurs").mkdir()
    monkeypatch.setenv("SOURCE_AILLEURS", (tmp_path / "ailleurs").as_uri())
    return tmp_path / "ailleurs"


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """A web server with /x.csv, that is the connection `web`."""
    with web() as state:
        monkeypatch.setenv("SOURCE_WEB", f"http://127.0.0.1:{state.port}")
        state.files["/x.csv"] = LARGE
        yield state


def fetched_from(
    location: str = "age/essai/*.csv", kind: str = "folder", connection: str = "ailleurs", **given: Any
) -> SourceTable:
    name = given.pop("name", "essai")
    options = given.pop("options", None)
    folder = given.pop("folder", "")
    origin = Origin(kind, connection, folder, folder, kind_named(kind).options_class(**given))
    return replace(table(location, name=name, options=options), origin=origin)


def of_web(location: str = "age/essai/x.csv", **given: Any) -> SourceTable:
    return fetched_from(location, "http", "web", **{"folder": "x.csv", **given})


def run(zone: Path, *tables: SourceTable) -> tuple[dict[str, str], list[str]]:
    lines: list[str] = []
    failures = fetching.fetch(zone, tables, lines.append)
    return {label: " ".join(map(str, faults)) for label, faults in failures.items()}, lines


def names(zone: Path) -> list[str]:
    return sorted(path.name for path in (zone / "age/essai").iterdir() if not path.name.startswith("."))


class Fake(FileSource):
    """A source that gives what a test says: name -> content, or what it does in place of it."""

    schemes = ("file",)
    given: dict[str, Any] = {}  # noqa: RUF012

    @contextmanager
    def open(self) -> Iterator[None]:
        yield

    def files(self) -> Iterator[RemoteFile]:
        for name, content in self.given.items():
            size = len(content) if isinstance(content, bytes) else None
            yield RemoteFile(name, name, size, f"v{size}")

    def fetch(self, file: RemoteFile, to: BinaryIO) -> None:
        content = self.given[file.path]
        if callable(content):
            content(to)
        else:
            to.write(content)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, away: Path) -> dict[str, Any]:
    monkeypatch.setattr(Fake, "given", {})
    for place in (fetching, registry):
        monkeypatch.setattr(place, "kind_named", lambda name: Fake)
    return Fake.given


def test_what_is_new_or_changed_comes(zone: Path, away: Path) -> None:
    (away / "x_2024.csv").write_bytes(b"a,b\n1,2\n")
    (away / "x_avant.csv").write_bytes(b"a,b\n")
    os.utime(away / "x_2024.csv", (1_700_000_000, 1_700_000_000))
    declared = fetched_from("age/essai/x_{annee:yyyy}.csv")
    failures, lines = run(zone, declared)
    assert failures == {}
    assert lines[0].startswith("age/essai/x_2024.csv : apporté de « ailleurs », 8 octets")
    assert names(zone) == ["x_2024.csv"]
    assert (zone / "age/essai/x_2024.csv").read_bytes() == b"a,b\n1,2\n"
    assert (zone / "age/essai/x_2024.csv").stat().st_mtime == 1_700_000_000
    assert run(zone, declared) == ({}, [])
    (away / "x_2024.csv").write_bytes(b"a,b\n1,3\n")
    assert len(run(zone, declared)[1]) == 1
    assert (zone / "age/essai/x_2024.csv").read_bytes() == b"a,b\n1,3\n"
    (away / "x_2024.csv").unlink()
    assert run(zone, declared) == ({}, [])
    assert names(zone) == ["x_2024.csv"]


def test_tables_of_one_file_bring_it_once(zone: Path, state: Web) -> None:
    failures, lines = run(zone, of_web(), of_web(name="autre"))
    assert (failures, len(lines)) == ({}, 1)
    assert [method for method, _, _ in state.requests] == ["HEAD", "GET"]


def test_a_cut_is_resumed_in_the_same_run(zone: Path, state: Web) -> None:
    state.faults = [("cut", 1_000_000), ("status", 429, {"Retry-After": "0"}), ("cut", 2_000_000)]
    failures, lines = run(zone, of_web())
    assert failures == {"age.essai.essai": lines_of(failures)}
    state.faults = []
    assert run(zone, of_web())[0] == {}
    assert (zone / "age/essai/x.csv").read_bytes() == LARGE
    asked = [headers.get("range") for method, _, headers in state.requests if method == "GET"]
    assert asked == [None, "bytes=1000000-", "bytes=1000000-", "bytes=3000000-"]
    assert len([line for line in lines if "Nouvel essai" in line]) == 2


def lines_of(failures: dict[str, str]) -> str:
    found = failures["age.essai.essai"]
    assert "coupée après 3000000 octets" in found
    assert "Essayé 3 fois" in found
    return found


def test_a_server_that_fails_then_not(zone: Path, state: Web) -> None:
    state.faults = [("status", 500, {}), ("short", 10)]
    assert run(zone, of_web())[0] == {}
    assert (zone / "age/essai/x.csv").read_bytes() == LARGE


def test_what_is_down_fails_alone(
    zone: Path, away: Path, state: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOURCE_WEB", "http://127.0.0.1:1/")
    (away / "y.csv").write_bytes(b"a,b\n")
    other = fetched_from("age/autre/*.csv", name="autre")
    failures, _ = run(zone, of_web(), other, fetched_from(connection="inconnue", name="sans"))
    assert "ne répond pas" in failures["age.essai.essai"]
    assert "SOURCE_INCONNUE est absente" in failures["age.essai.sans"]
    assert set(failures) == {"age.essai.essai", "age.essai.sans"}
    assert (zone / "age/autre/y.csv").exists()


def test_a_file_that_grows_is_waited_for(zone: Path, state: Web) -> None:
    def grow(line: str) -> None:
        state.files["/x.csv"] += b"3,4\n"

    state.faults = [("cut", 1000)]
    failures = fetching.fetch(zone, [of_web()], grow)
    assert failures == {}
    assert (zone / "age/essai/x.csv").read_bytes() == LARGE + b"3,4\n"


def test_a_beginning_that_nothing_goes_on_with_is_left_nowhere(zone: Path, fake: dict[str, Any]) -> None:
    def changed(to: BinaryIO) -> None:
        to.write(b"a")
        raise PlatformError("Le fichier a changé pendant sa lecture.", "Attendez.")

    fake["x.csv"] = changed
    failures, _ = run(zone, fetched_from())
    assert "a changé pendant sa lecture" in failures["age.essai.essai"]
    assert not (zone / "age/essai/.x.csv.partiel").exists()

    def cut(to: BinaryIO) -> None:
        to.write(b"a")
        raise PassingFault("Coupé.", "Attendez.")

    fake["x.csv"] = cut
    run(zone, fetched_from())
    assert (zone / "age/essai/.x.csv.partiel").exists()
    del fake["x.csv"]
    run(zone, fetched_from())
    assert not (zone / "age/essai/.x.csv.partiel").exists()


def test_one_bad_file_stops_no_other(zone: Path, fake: dict[str, Any]) -> None:
    def cut(to: BinaryIO) -> None:
        raise PassingFault("Coupé.", "Attendez.")

    def refused(to: BinaryIO) -> None:
        raise PlatformError("Refusé.", "Demandez.")

    fake.update({"a.csv": cut, "b.csv": refused, "c.csv": b"a,b\n", "d.csv": b"a,b\n1,2\n"})
    failures, _ = run(zone, fetched_from())
    assert "Coupé. Essayé 3 fois" in failures["age.essai.essai"]
    assert failures["age.essai.essai"].count("Refusé") == 1
    assert names(zone) == ["c.csv", "d.csv"]


@pytest.mark.parametrize(
    "name",
    [
        "../fuite.csv",
        "a/b.csv",
        "\x1b[2J.csv",
        "x\n.csv",
        "\u202ex.csv",
        f"{'x' * 250}.csv",
        "\udcff.csv",
        "/etc/x.csv",
    ],
)
def test_tricky_names_are_refused(zone: Path, fake: dict[str, Any], name: str) -> None:
    fake.update({name: b"a,b\n", "bon.csv": b"a,b\n"})
    failures, _ = run(zone, fetched_from())
    assert "dont le nom" in failures["age.essai.essai"]
    assert names(zone) == ["bon.csv"]
    assert not (zone / "age/fuite.csv").exists()


def test_hidden_and_other_names_are_left(zone: Path, fake: dict[str, Any]) -> None:
    fake.update({".cache.csv": b"a", "~$x.csv": b"a", "notes.txt": b"a", "..": b"a", "": b"a"})
    assert run(zone, fetched_from()) == ({}, [])


def test_traps_in_the_zone_are_not_followed(zone: Path, fake: dict[str, Any], tmp_path: Path) -> None:
    target = tmp_path / "autre"
    target.write_bytes(b"intact")
    folder = zone / "age/essai"
    folder.mkdir(parents=True)
    (folder / ".x.csv.partiel").symlink_to(target)
    (folder / "x.csv").symlink_to(target)
    fake["x.csv"] = b"a,b\n"
    assert run(zone, fetched_from())[0] == {}
    assert (folder / "x.csv").read_bytes() == b"a,b\n"
    assert not (folder / "x.csv").is_symlink()
    (folder / fetching.MEMORY).unlink()
    (folder / fetching.MEMORY).symlink_to(target)
    assert "ne peut pas être écrit" in run(zone, fetched_from())[0]["age.essai.essai"]
    assert target.read_bytes() == b"intact"
    (zone / "age/lien").symlink_to(tmp_path)
    assert "lien symbolique" in run(zone, fetched_from("age/lien/*.csv"))[0]["age.essai.essai"]


def test_limits_hold_while_it_comes(zone: Path, fake: dict[str, Any]) -> None:
    told = "pèse plus que les 1 Mio permis"
    declared = fetched_from(options={"max_size": 1})
    fake["x.csv"] = b"x" * (1 << 20 | 1)
    assert told in run(zone, declared)[0]["age.essai.essai"]
    pieces: list[int] = []

    def endless(to: BinaryIO) -> None:
        for piece in range(1000):
            to.write(b"x" * 100_000)
            pieces.append(piece)

    fake["x.csv"] = endless
    assert told in run(zone, declared)[0]["age.essai.essai"]
    assert len(pieces) == 10
    assert names(zone) == []
    assert not (zone / "age/essai/.x.csv.partiel").exists()


def test_a_full_disk_is_said(zone: Path, state: Web) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, before[1]))
    try:
        failures, _ = run(zone, of_web())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "Plus de place sur le disque" in failures["age.essai.essai"]
    assert names(zone) == []
    assert not (zone / "age/essai/.x.csv.partiel").exists()
    assert run(zone, of_web())[0] == {}


def test_two_loads_at_once_bring_a_file_once(zone: Path, state: Web) -> None:
    found: list[tuple[dict[str, str], list[str]]] = []
    threads = [threading.Thread(target=lambda: found.append(run(zone, of_web()))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [failures for failures, _ in found] == [{}] * 4
    assert sum(len(lines) for _, lines in found) == 1
    assert [method for method, _, _ in state.requests].count("GET") == 1


def test_a_load_does_not_wait_for_ever(zone: Path, away: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetching, "PATIENCE", 0.0)
    (zone / "age/essai").mkdir(parents=True)
    with fetching._alone(os.open(zone / "age/essai", os.O_RDONLY), ""):
        assert "Un autre chargement" in run(zone, fetched_from())[0]["age.essai.essai"]


def test_what_nobody_foresaw_fails_alone(zone: Path, fake: dict[str, Any]) -> None:
    def broken(to: BinaryIO) -> None:
        raise ValueError("un secret")

    fake["x.csv"] = broken
    failures, _ = run(zone, fetched_from())
    assert "sans savoir le dire (ValueError" in failures["age.essai.essai"]
    assert "un secret" not in failures["age.essai.essai"]


def test_a_declaration_says_it_all(zone: Path, state: Web, landed: Callable[..., Any]) -> None:
    """As dbt reads it: where the file lies, how it is entered, and how it is then read."""
    node = source("age/essai/eleves.csv", options={"delimiter": ";", "api_key_header": "Cle"})
    node["external"] |= {"kind": "http", "connection": "web", "folder": "/exports/2025/liste"}
    state.files["/exports/2025/liste"] = b"a;b\n1;2\n"
    (declared,) = read_declarations(as_nodes(node))
    assert landed(declared) == 1
    assert names(zone) == ["eleves.csv"]


def test_two_systems_do_not_take_one_name(zone: Path, away: Path, state: Web) -> None:
    (away / "x.csv").write_bytes(b"a,b\n")
    failures, _ = run(zone, fetched_from("age/essai/x.csv", name="un"), of_web(name="deux"))
    assert "Deux systèmes" in failures["age.essai.deux"]
    assert (zone / "age/essai/x.csv").read_bytes() == b"a,b\n"


def test_a_file_taken_out_does_not_come_back(zone: Path, away: Path) -> None:
    """What holds somebody who was erased is taken out of the zone by hand: the same version stays away."""
    (away / "x.csv").write_bytes(b"a,b\nDurand,2\n")
    run(zone, fetched_from())
    assert files_with(zone, {"age"}, {"Durand"}) == {"age/essai/x.csv": [2]}
    (zone / "age/essai/x.csv").unlink()
    assert run(zone, fetched_from()) == ({}, [])
    (away / "x.csv").write_bytes(b"a,b\nDupont,2\n")
    assert len(run(zone, fetched_from())[1]) == 1


def test_a_beginning_is_seen_by_who_looks_for_a_person(zone: Path, fake: dict[str, Any]) -> None:
    def cut(to: BinaryIO) -> None:
        to.write(b"a,b\nDurand,2\n")
        raise PassingFault("Coupé.", "Attendez.")

    fake["x.csv"] = cut
    run(zone, fetched_from())
    assert files_with(zone, {"age"}, {"Durand"}) == {"age/essai/.x.csv.partiel": [2]}
    assert Zone.read(zone, None).paths == []


def test_what_is_remembered_is_kept_short(zone: Path, fake: dict[str, Any]) -> None:
    memory = zone / "age/essai" / fetching.MEMORY
    for size in range(1, 40):
        fake["x.csv"] = b"x" * size
        run(zone, fetched_from())
    assert len(memory.read_bytes().splitlines()) < 60
    memory.write_bytes(memory.read_bytes() + b"\n{coup")
    fake["y.csv"] = b"y"
    assert len(run(zone, fetched_from())[1]) == 1
    assert run(zone, fetched_from()) == ({}, [])
    assert all(json.loads(line) for line in memory.read_bytes().splitlines() if line and b"coup" not in line)


@pytest.mark.parametrize("location", ["age/{annee:yyyy}/x.csv", "x.csv", "age/*/x.csv"])
def test_the_folder_is_one(zone: Path, away: Path, location: str) -> None:
    assert "un seul dossier" in run(zone, fetched_from(location))[0]["age.essai.essai"]


def test_an_address_that_the_kind_does_not_read(zone: Path, away: Path) -> None:
    failures, _ = run(zone, fetched_from(kind="sftp"), fetched_from(name="autre", folder="../.."))
    assert "commence par sftp://" in failures["age.essai.essai"]
    assert "remonte" in failures["age.essai.autre"]


@campaign
def test_killed_at_any_moment_then_run_again(zone: Path, state: Web, landed: Callable[..., Any]) -> None:
    """Nothing is lost, nothing is there twice, and what came before is not asked again."""
    beginning = zone / "age/essai/.x.csv.partiel"
    state.pause = 0.002
    more = [random.uniform(0, 1.1) for _ in range(15 if WHOLE else 0)]
    for share in (
        *(None, 0.01, random.uniform(0.1, 0.5), random.uniform(0.6, 1), random.uniform(0.9, 1.1)), *more
    ):  # fmt: skip
        child = os.fork()
        if not child:
            try:
                run(zone, of_web())
            finally:
                os._exit(0)
        if share is None:
            time.sleep(random.uniform(0, 0.05))
        else:
            wait_for(child, beginning, share * len(LARGE))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert names_or_none(zone) in ([], ["x.csv"])
    asked = [headers.get("range") for method, _, headers in state.requests if method == "GET"]
    assert [one for one in asked if one]
    assert run(zone, of_web())[0] == {}
    assert (zone / "age/essai/x.csv").read_bytes() == LARGE
    assert landed(of_web()) == 60_000
    assert run(zone, of_web()) == ({}, [])
    assert landed(of_web()) == 60_000


def wait_for(child: int, beginning: Path, size: float) -> None:
    """Until so much of the file is there, or it is whole."""
    while os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        if beginning.exists() and beginning.stat().st_size >= size:
            return
        time.sleep(0.001)


def names_or_none(zone: Path) -> list[str]:
    return names(zone) if (zone / "age/essai").exists() else []


@pytest.fixture
def landed(database: str, zone: Path) -> Callable[..., Any]:
    """Loads the zone; returns how many rows there are."""

    def load(*tables: SourceTable) -> int:
        report = load_landing(database, zone, tables)
        assert not report.failed
        with psycopg.connect(database) as connection:
            found = connection.execute("select count(*) from raw_age.essai").fetchone()
        assert found
        count: int = found[0]
        return count

    return load


def test_the_date_of_the_web_is_kept(zone: Path, state: Web, landed: Callable[..., Any]) -> None:
    assert run(zone, of_web())[0] == {}
    moment = datetime.fromtimestamp((zone / "age/essai/x.csv").stat().st_mtime, UTC)
    assert moment == datetime(2025, 1, 6, 8, tzinfo=UTC)
    assert landed(of_web()) == 60_000


def test_what_is_down_leaves_its_rows_and_stops_no_other(
    zone: Path, away: Path, state: Web, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The load fetches first; a system that is down is a failure of its table alone, said once."""
    (away / "y.csv").write_bytes(b"a,b\n1,2\n")
    tables = [of_web(), fetched_from("age/autre/*.csv", name="autre")]
    assert not load_landing(database, zone, tables).failed
    monkeypatch.setenv("SOURCE_WEB", "http://127.0.0.1:1/")
    (away / "z.csv").write_bytes(b"a,b\n3,4\n")
    lines: list[str] = []
    report = load_landing(database, zone, tables, progress=lines.append)
    assert [one.status for one in report.tables] == ["echec", "charge"]
    assert "ne répond pas" in report.tables[0].message
    assert len([line for line in lines if line.startswith("age.essai.essai : échec.")]) == 1
    with psycopg.connect(database) as connection:
        counted = "select (select count(*) from raw_age.essai), (select count(*) from raw_age.autre)"
        assert connection.execute(counted).fetchone() == (60_000, 2)
