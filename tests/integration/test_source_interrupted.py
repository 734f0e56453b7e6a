"""A disk that is full, a process that is killed: nothing is lost, nothing is there twice, nothing is left."""

from __future__ import annotations

import gzip
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from donnees_au_centre.landing import SourceTable, load_landing, read_declarations
from donnees_au_centre.warehouse import EmbeddedServer
from tests.campaigns import WHOLE, campaign
from tests.servers.api import Api, api_server
from tests.servers.disk import small_disk
from tests.unit.landing_sources import as_nodes, environment_of, source, table

COLUMNS = ("id", "nom")
PAGES = {
    "rows": "lignes.*", "total": "total",
    "paging": {"by": "page", "size_param": "size", "size": 1000},
}  # fmt: skip
LONG = "x" * 200


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """An API of 12,000 rows, the connection `api`."""
    with api_server() as api:
        monkeypatch.setenv("SOURCE_API", api.url)
        api.records = [f'{{"id": {n}, "nom": "{LONG}"}}' for n in range(12_000)]
        yield api


@pytest.fixture
def amont(database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[psycopg.Connection[Any]]:
    """A base of 12,000 rows, the connection `amont`: a schema of the test's own."""
    for name, value in environment_of(database).items():
        monkeypatch.setenv(name, value)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create schema amont; create table amont.dossiers (id int, nom text)")
        fill(connection, 12_000)
        yield connection


def fill(connection: psycopg.Connection[Any], rows: int) -> None:
    connection.execute(
        "truncate amont.dossiers; insert into amont.dossiers "
        f"select n, repeat('x', 200) from generate_series(1, {rows}) as n".encode()
    )


def declared(kind: str, options: dict[str, Any] | None = None, name: str = "essai") -> SourceTable:
    location = {"postgresql": "amont.dossiers", "rest": "page"}.get(kind, f"age/{name}/*.csv")
    entry = source(location, COLUMNS, None, options or {}, name)
    connection = {"postgresql": "amont", "rest": "api"}.get(kind, "ailleurs")
    entry["external"] |= {"kind": kind, "connection": connection}
    if kind == "folder":
        entry["external"] |= {"folder": "", "file_format": "csv"}
    return read_declarations(as_nodes(entry))[0]


def loaded(conninfo: str, zone: Path, *tables: SourceTable) -> tuple[list[str], str]:
    """The statuses of the tables, and all that is said."""
    lines: list[str] = []
    report = load_landing(conninfo, zone, tables, progress=lines.append)
    return [one.status for one in report.tables], "\n".join(lines)


def in_place(conninfo: str, name: str = "essai") -> tuple[int, int]:
    """How many rows there are, and how many of them differ."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        if connection.execute("select to_regclass(%s)", [f"raw_age.{name}"]).fetchone() == (None,):
            return 0, 0
        found = connection.execute(
            sql.SQL("select count(*), count(distinct id) from {}").format(sql.Identifier("raw_age", name))
        ).fetchone()
    assert found
    return found[0], found[1]


def rejected(number: int) -> bytes:
    return b"id,nom\n1,un\n" + b"2,deux,trop%s\n" % (b"x" * 900) * number


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two mebibytes for temporary files."""
    with small_disk(tmp_path / "temporaire", "2m") as folder:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        yield folder


def enlarge(folder: Path) -> None:
    assert os.system(f"mount -o remount,size=96m '{folder}'") == 0


@pytest.mark.parametrize("what", ["api", "rejects", "workbook"])
def test_a_full_disk_of_temporary_files(
    what: str, temporary: Path, tmp_path: Path, database: str, api: Api
) -> None:
    zone = tmp_path / "zone"
    (zone / "age/essai").mkdir(parents=True)
    path, rows = zone / "age/essai/x.csv", 12_000
    if what == "api":
        one = declared("rest", PAGES)
        every, api.records = api.records, api.records[:10]
        statuses, said = loaded(database, zone, one)
        assert statuses == ["charge"], said
        api.records = every
    elif what == "rejects":
        one, rows = table(columns=COLUMNS, options={"max_rejects": 0.9999}), 1
        path.write_bytes(rejected(10))
        assert loaded(database, zone, one)[0] == ["charge"]
        path.write_bytes(rejected(3000))
    else:
        one, path, rows = table("age/essai/*.xlsx.gz", COLUMNS, "xlsx"), path.with_suffix(".xlsx.gz"), 1
        path.write_bytes(gzip.compress(workbook_of(0)))
        assert loaded(database, zone, one)[0] == ["charge"]
        path.write_bytes(gzip.compress(workbook_of(3 << 20)))
    before = in_place(database)
    statuses, said = loaded(database, zone, one)
    assert (statuses, in_place(database)) == (["echec"], before), said
    assert f"Plus de place sur le disque des fichiers temporaires, {temporary}" in said
    assert "age/essai/" in said
    assert "TMPDIR" in said
    assert "Rien ne change" in said
    assert [*temporary.iterdir()] == []
    assert os.statvfs(temporary).f_bfree == os.statvfs(temporary).f_blocks
    enlarge(temporary)
    assert loaded(database, zone, one)[0] == ["charge"]
    assert in_place(database) == (rows, rows)


def workbook_of(more: int) -> bytes:
    """A workbook of one row, with so many bytes beside that no compression of its own shrinks."""
    import io
    import zipfile

    import openpyxl

    file = io.BytesIO()
    book = openpyxl.Workbook()
    book.active.append(COLUMNS)
    book.active.append([1, "un"])
    book.save(file)
    with zipfile.ZipFile(file, "a", zipfile.ZIP_STORED) as archive:
        archive.writestr("xl/media/image1.bin", random.Random(1).randbytes(more))
    return file.getvalue()


def encumber(disk: Path, left: int) -> None:
    """Fills a disk up to so many bytes."""
    found = os.statvfs(disk)
    (disk / "encombrant").write_bytes(bytes(found.f_bavail * found.f_bsize - left))


@pytest.mark.parametrize("left", [1 << 20, 0])
def test_a_full_landing_zone(
    left: int, tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = tmp_path / "ailleurs"
    away.mkdir()
    monkeypatch.setenv("SOURCE_AILLEURS", away.as_uri())
    one = declared("folder")
    with small_disk(tmp_path / "zone", "4m") as zone:
        (away / "x.csv").write_bytes(b"id,nom\n1,un\n")
        assert loaded(database, zone, one)[0] == ["charge"]
        encumber(zone, left)
        (away / "y.csv").write_bytes(
            b"id,nom\n" + b"".join(b"%d,%s\n" % (n, b"x" * 200) for n in range(2, 10_002))
        )
        statuses, said = loaded(database, zone, one)
        assert (statuses, in_place(database)) == (["echec"], (1, 1))
        assert "age.essai.essai : échec. Plus de place sur le disque de la zone de dépôt" in said
        assert "Faites de la place (df -h), puis relancez" in said
        assert {path.name for path in (zone / "age/essai").iterdir()} == {
            "x.csv", ".apports.jsonl", ".apports.verrou"
        }  # fmt: skip
        (zone / "encombrant").unlink()
        statuses, said = loaded(database, zone, one)
        assert (statuses, in_place(database)) == (["charge"], (10_001, 10_001)), said
        assert loaded(database, zone, one)[0] == ["inchange"]


@pytest.fixture
def tight(server: EmbeddedServer) -> Iterator[tuple[str, Path]]:
    """A base on a small disk of its own."""
    conninfo = server.start().conninfo("postgres")
    place = Path(tempfile.gettempdir()) / f"disque_{os.getpid()}_{random.randrange(10**9)}"
    with small_disk(place, "64m") as disk, psycopg.connect(conninfo, autocommit=True) as connection:
        account = os.stat(f"/proc/{connection.info.backend_pid}").st_uid
        (disk / "base").mkdir()
        os.chown(disk / "base", account, -1)
        connection.execute(
            sql.SQL("create tablespace serre location {}").format(sql.Literal(str(disk / "base")))
        )
        connection.execute("create database serree tablespace serre")
        try:
            yield make_conninfo(conninfo, dbname="serree"), disk
        finally:
            (disk / "encombrant").unlink(missing_ok=True)
            connection.execute("drop database serree with (force)")
            connection.execute("drop tablespace serre")
    place.rmdir()


def test_a_full_disk_of_postgresql(
    amont: psycopg.Connection[Any], tight: tuple[str, Path], tmp_path: Path
) -> None:
    conninfo, disk = tight
    (tmp_path / "age/essai").mkdir(parents=True)
    (tmp_path / "age/petit").mkdir()
    (tmp_path / "age/essai/x.csv").write_bytes(b"id,nom\n1,un\n")
    (tmp_path / "age/petit/x.csv").write_bytes(b"id,nom\n1,un\n")
    of_rows, of_files = declared("postgresql", name="lignes"), table(columns=COLUMNS)
    small = table("age/petit/*.csv", COLUMNS, name="petit")
    fill(amont, 10)
    assert loaded(conninfo, tmp_path, of_rows, of_files, small)[0] == ["charge"] * 3
    fill(amont, 24_000)
    lines = b"".join(b"%d,%s\n" % (n, b"x" * 200) for n in range(24_000))
    (tmp_path / "age/essai/x.csv").write_bytes(b"id,nom\n" + lines)
    (tmp_path / "age/petit/x.csv").write_bytes(b"id,nom\n1,un\n2,deux\n")
    encumber(disk, 3 << 20)
    free = os.statvfs(disk).f_bfree
    statuses, said = loaded(conninfo, tmp_path, of_rows, of_files, small)
    assert (statuses, in_place(conninfo, "lignes"), in_place(conninfo)) == (
        ["echec", "echec", "charge"], (10, 10), (1, 1)
    ), said  # fmt: skip
    assert said.count("Le disque du serveur PostgreSQL est plein") == 2, said
    assert said.count("Faites de la place sur le disque du serveur PostgreSQL (df -h") == 2, said
    assert "vérifiez les droits" not in said
    assert "age/essai/lignes.postgresql" in said
    # What was written of them is given back, or the next load would find the disk full of it.
    assert os.statvfs(disk).f_bfree > 0.8 * free
    (disk / "encombrant").unlink()
    assert loaded(conninfo, tmp_path, of_rows, of_files, small)[0] == ["charge", "charge", "inchange"]
    assert (in_place(conninfo, "lignes"), in_place(conninfo)) == ((24_000, 24_000), (24_000, 24_000))


POINTS = 20 if WHOLE else 2


@campaign
@pytest.mark.parametrize("kind", ["postgresql", "rest"])
def test_a_reading_that_is_killed_at_any_moment(
    kind: str,
    database: str,
    tmp_path: Path,
    amont: psycopg.Connection[Any],
    api: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Before, the rows of the last reading; then all of the new one, once."""
    (tmp_path / "zone").mkdir()
    (tmp_path / "temporaire").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporaire"))
    one = declared(kind, PAGES if kind == "rest" else None)
    rows, every = 12_000, api.records

    def load() -> str:
        return loaded(database, tmp_path / "zone", one)[0][0]

    begun = time.monotonic()
    assert os.waitstatus_to_exitcode(os.waitpid(forked(load), 0)[1]) == 0
    lasts = time.monotonic() - begun
    assert in_place(database) == (rows, rows)
    for _ in range(POINTS):
        before = in_place(database)
        rows = 23_000 - before[0]
        api.records = every[:rows]
        fill(amont, rows)
        child = forked(load)
        time.sleep(random.uniform(0, lasts))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        assert in_place(database) in (before, (rows, rows))
        assert [*(tmp_path / "temporaire").iterdir()] == []
    assert load() in ("charge", "inchange")
    assert in_place(database) == (rows, rows)
    assert load() == "inchange"


def forked(work: Callable[[], object]) -> int:
    """The process that does a work, beside this one."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    return child
