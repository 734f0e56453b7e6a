"""Any other database as a source, by SQLAlchemy: played against SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy.dialects import oracle, postgresql

from donnees_au_centre.connectors import (
    Column,
    Described,
    Incremental,
    PassingFault,
    RecordSource,
    connection_named,
    kind_named,
)
from donnees_au_centre.errors import PlatformError
from tests.conformance.records import RecordConformance, Row, str_of
from tests.servers.copied import cells_of, sorted_out


def reader(address: str, location: str = "t", password: str = "", **options: Any) -> Any:
    kind = kind_named("sql")
    made = kind.options_class(**options)
    location = "" if options.get("query") else location
    kind.check(location, made)
    environ = {"SOURCE_ESSAI": address, "SOURCE_ESSAI_PASSWORD": password}
    found = kind(connection_named("essai", environ), location, made)
    assert isinstance(found, RecordSource)
    return found


def opened(place: Path) -> sqlite3.Connection:
    base = sqlite3.connect(place, isolation_level=None)
    # Nothing here outlives its test.
    base.execute("pragma synchronous = off")
    base.execute("pragma journal_mode = memory")
    return base


class TestConformance(RecordConformance):
    """A base without accounts: what needs one is said to the other kinds."""

    test_a_refused_secret_is_said_nowhere = None  # type: ignore[assignment]

    @pytest.fixture
    def system(self, tmp_path: Path) -> Iterator[TestConformance]:
        self.place = tmp_path / "amont.db"
        self.base = opened(self.place)
        yield self
        self.base.close()

    def put(self, rows: Sequence[Row]) -> None:
        self.base.execute("drop table if exists t")
        # A decimal of SQLite is a float: what must be exact is kept as text there.
        self.base.execute("create table t (id integer primary key, texte text, montant text, grand text)")
        cells = [[None if value is None else str_of(value) for value in row.values()] for row in rows]
        self.base.execute("begin")
        self.base.executemany("insert into t values (?, ?, ?, ?)", cells)
        self.base.execute("commit")

    def source(self, secret: str = "") -> RecordSource:
        return reader(f"sqlite:///{self.place}")

    def down(self) -> RecordSource:
        self.base.execute("create table if not exists t (id)")
        self.base.execute("begin exclusive")
        return reader(f"sqlite:///{self.place}?timeout=0.1")

    def cut(self) -> None:
        self.base.execute("begin exclusive")

    def mended(self) -> None:
        self.base.execute("rollback")

    def rows(self, source: RecordSource) -> list[dict[str, str | None]]:
        if "timeout" not in source.connection.address.query:
            address = source.connection.address
            source = reader(f"sqlite://{address.path}?timeout=0.1")
        return cells_of(source)


@pytest.fixture
def amont(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    base = opened(tmp_path / "amont.db")
    yield base
    base.close()


def at(amont: sqlite3.Connection) -> str:
    return f"sqlite:///{amont.execute('pragma database_list').fetchone()[2]}"


def test_values_arrive_as_the_base_writes_them(amont: sqlite3.Connection) -> None:
    amont.execute('create table t (n numeric, r real, "b: %" blob, d datetime, t text)')
    amont.execute(
        "insert into t values (?, ?, ?, ?, ?)", (9223372036854775807, 0.1, b"\0\xff", "0000-00-00", "")
    )
    amont.execute("insert into t values (1.5, 1e300, 'du texte', null, x'6162')")
    expected = [
        {"n": "9223372036854775807", "r": "0.1", "b: %": "0x00FF", "d": "0000-00-00", "t": ""},
        {"n": "1.5", "r": "1.0e+300", "b: %": "du texte", "d": None, "t": "0x6162"},
    ]
    assert cells_of(reader(at(amont))) == expected
    assert cells_of(reader(at(amont), query="select * from t -- ':x' et %\n;")) == expected
    found = reader(at(amont))
    with found.open():
        assert [column.type for column in found.columns()] == ["numeric", "real", "blob", "datetime", "text"]


def test_rows_come_in_batches_and_in_order(amont: sqlite3.Connection) -> None:
    amont.execute("create table t (n integer)")
    amont.execute("begin")
    amont.executemany("insert into t values (?)", [(number,) for number in range(12_001)])
    amont.execute("commit")
    assert [row["n"] for row in cells_of(reader(at(amont)))] == [str(number) for number in range(12_001)]


def test_what_postgresql_cannot_keep_is_no_row(amont: sqlite3.Connection) -> None:
    amont.execute("create table t (n integer, t text)")
    amont.executemany("insert into t values (?, ?)", [(1, "a\0b"), (2, "tab\tici"), (3, "c")])
    rows, unreadable = sorted_out(reader(at(amont)))
    assert [row["t"] for row in rows] == ["tab\tici", "c"]
    assert [(one.motif, one.before, one.raw) for one in unreadable] == [
        ("caractere_nul", 0, b'["1", "a\\u0000b"]')
    ]


def test_it_is_read_from_a_value_of_its_cursor_on(amont: sqlite3.Connection) -> None:
    amont.execute("create table t (n integer)")
    amont.executemany("insert into t values (?)", [(9,), (10,), (11,)])
    found = reader(at(amont))
    found.incremental = Incremental("n", "number", None, ("n",))
    assert [row["n"] for row in cells_of(found, "10")] == ["10", "11"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"location": "inconnue"}, "no such table: inconnue"),
        ({"query": 'select 1 as a, 2 as ""'}, "deux colonnes du même nom"),
        ({"query": "select from"}, "syntax error"),
    ],
)
def test_what_does_not_pass_is_said_for_people(
    amont: sqlite3.Connection, arguments: dict[str, str], expected: str
) -> None:
    with pytest.raises(PlatformError, match=expected) as refused:
        cells_of(reader(at(amont), **arguments))
    assert not isinstance(refused.value, PassingFault)


def test_an_address_that_a_dialect_refuses_is_said() -> None:
    with pytest.raises(PlatformError, match="SOURCE_ESSAI"):
        cells_of(reader("sqlite://machine/base"))


def test_a_dialect_that_is_not_installed_is_said() -> None:
    with pytest.raises(PlatformError, match=r"« inconnu\+rien »"):
        cells_of(reader("inconnu+rien://machine/base"))


@pytest.mark.parametrize(
    ("dialect", "expected"),
    [
        (
            oracle.dialect(),
            'SELECT CAST("N" AS VARCHAR2(4000 CHAR)) AS "N", "T", "B" FROM s.t '
            'WHERE "N" >= CAST(:param_1 AS TIMESTAMP)',
        ),
        (
            postgresql.dialect(),
            'SELECT CAST("N" AS TEXT) AS "N", "T", "B" FROM s.t WHERE "N" >= '
            "CAST(%(param_1)s AS TIMESTAMP WITHOUT "
            "TIME ZONE)",
        ),
    ],
)
def test_the_database_writes_its_values_itself(dialect: Any, expected: str) -> None:
    found = reader("dialecte://machine/base", "s.t")
    found._opened = SimpleNamespace(dialect=dialect)
    found.incremental = Incremental("N", "time", None, ())
    columns = [Column("N", "number(38)"), Column("T", "varchar2(9)"), Column("B", "blob")]
    written = found.statement(columns, "2026-01-01 00:00:00").compile(dialect=dialect)
    assert " ".join(str(written).split()) == expected


def test_what_there_is_to_read(tmp_path: Path) -> None:
    base = opened(tmp_path / "amont.db")
    base.execute("create table t (id integer)")
    base.execute("create view v as select id from t")
    base.execute('create table "a.b" (id integer)')
    base.close()
    source = reader(f"sqlite:///{tmp_path / 'amont.db'}")
    assert source.places() == ["main.t", "main.v"]


def test_comments_are_told_where_the_dialect_knows_them(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database) as connection:
        connection.execute(
            "create table t (id int, nom text); comment on table t is 'Une personne';"
            "comment on column t.nom is 'Nom de famille'"
        )
    found = {name: str(value) for name, value in conninfo_to_dict(database).items()}
    address = "postgresql+psycopg://{user}@{host}:{port}/{dbname}".format_map(found)
    base = reader(address, "public.t", found["password"])
    with base.open():
        assert base.described() == Described("Une personne", {"nom": ("", "Nom de famille")})
    opened(tmp_path / "amont.db").execute("create table t (id)")
    without = reader(f"sqlite:///{tmp_path / 'amont.db'}")
    with without.open():
        assert without.described() == Described()
