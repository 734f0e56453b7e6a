"""A Denodo server as a source: played against PostgreSQL, whose protocol it speaks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from donnees_au_centre.connectors import Incremental, PassingFault, RecordSource, connection_named, kind_named
from donnees_au_centre.errors import PlatformError
from tests.conformance.records import SECRET, RecordConformance, Row
from tests.servers.copied import cells_of, sorted_out
from tests.servers.relay import Relay, nobody, relay


def reader(place: str, location: str = "amont.t", secret: str = SECRET, **options: Any) -> Any:
    kind = kind_named("denodo")
    made = kind.options_class(**options)
    location = "" if options.get("query") else location
    kind.check(location, made)
    environ = {"SOURCE_ESSAI": f"denodo://{place}", "SOURCE_ESSAI_PASSWORD": secret}
    found = kind(connection_named("essai", environ), location, made)
    assert isinstance(found, RecordSource)
    return found


@pytest.fixture
def place(database: str) -> str:
    found = conninfo_to_dict(database)
    with psycopg.connect(database) as base:
        base.execute("create schema amont")
    return f"{found['user']}@{found['host']}:{found['port']}/{found['dbname']}"


@pytest.fixture
def secret(database: str) -> str:
    return str(conninfo_to_dict(database).get("password") or SECRET)


class TestConformance(RecordConformance):
    """Through a relay, that can cut."""

    @pytest.fixture
    def system(self, database: str) -> Iterator[TestConformance]:
        found = conninfo_to_dict(database)
        self.database, self.name = database, found["dbname"]
        with psycopg.connect(database, autocommit=True) as base:
            base.execute("create schema amont")
            base.execute(
                "create table amont.t (id integer, texte text, montant numeric(38, 10), grand numeric(38))"
            )
            base.execute("drop role if exists conforme_denodo")
            base.execute(psycopg.sql.SQL("create role conforme_denodo login password {}").format(SECRET))
            base.execute("grant usage on schema amont to conforme_denodo")
            base.execute("grant select on amont.t to conforme_denodo")
            base.execute(f"grant connect on database {self.name} to conforme_denodo")
            with relay(int(str(found["port"]))) as passage:
                self.passage: Relay = passage
                yield self
            base.execute("drop owned by conforme_denodo")
            base.execute("drop role conforme_denodo")

    def put(self, rows: Sequence[Row]) -> None:
        with psycopg.connect(self.database) as base:
            base.execute("truncate amont.t")
            with base.cursor() as cursor:
                cursor.executemany(
                    "insert into amont.t values (%s, %s, %s, %s)", [list(row.values()) for row in rows]
                )

    def source(self, secret: str = SECRET) -> RecordSource:
        return reader(f"conforme_denodo@127.0.0.1:{self.passage.port}/{self.name}", secret=secret)

    def down(self) -> RecordSource:
        return reader(f"conforme_denodo@127.0.0.1:{nobody()}/{self.name}")

    def cut(self) -> None:
        self.passage.limit = 150_000

    def mended(self) -> None:
        self.passage.limit = None

    def rows(self, source: RecordSource) -> list[dict[str, str | None]]:
        return cells_of(source)


def test_texts_arrive_as_the_server_sends_them(database: str, place: str, secret: str) -> None:
    with psycopg.connect(database) as base:
        base.execute(
            """create table amont.t as select 'NaN'::numeric as n, 'infinity'::timestamp as t, true as b,
               '\\x00ff'::bytea as o, '0044-03-15 BC'::date as "d: %s à", interval '1 month -2 s' as i,
               0.1::float4 as f, 'a\tb' as s"""
        )
    expected = {
        "n": "NaN", "t": "infinity", "b": "t", "o": "\\x00ff", "d: %s à": "0044-03-15 BC",
        "i": "1 mon -00:00:02", "f": "0.1", "s": "a\tb",
    }  # fmt: skip
    assert cells_of(reader(place, secret=secret)) == [expected]
    query = "select * from amont.t -- ':x' et %\n;"
    assert cells_of(reader(place, secret=secret, query=query)) == [expected]
    opened = reader(place, secret=secret)
    with opened.open():
        assert [column.type for column in opened.columns()][:4] == ["numeric", "timestamp", "bool", "bytea"]


def test_rows_come_in_batches_and_in_order(database: str, place: str, secret: str) -> None:
    with psycopg.connect(database) as base:
        base.execute("create table amont.t as select n from generate_series(1, 12001) as n")
    found, _ = sorted_out(reader(place, secret=secret))
    assert [row["n"] for row in found] == [str(number) for number in range(1, 12_002)]


@pytest.mark.parametrize(
    ("kind", "cursor", "since", "expected"),
    [
        ("time", "m", "2026-01-02 00:00:00", ["2"]),
        ("time", "z", "2026-01-02 00:00:00+00", ["2"]),
        ("time", "d", "2026-01-02", ["2"]),
        ("number", "id", "2", ["2"]),
        ("text", "t", "b'\\", ["2"]),
    ],
)
def test_it_is_read_from_a_value_of_its_cursor_on(
    database: str, place: str, secret: str, kind: Any, cursor: str, since: str, expected: list[str]
) -> None:
    with psycopg.connect(database) as base:
        base.execute("create table amont.t (id int, m timestamp, z timestamptz, d date, t text)")
        for number, text in ((1, "a"), (2, "b'\\")):
            day = f"2026-01-0{number}"
            row = [number, day, f"{day}Z", day, text]
            base.execute("insert into amont.t values (%s, %s, %s, %s, %s)", row)
    opened = reader(place, secret=secret)
    opened.incremental = Incremental(cursor, kind, None, ("id",))
    assert [row["id"] for row in cells_of(opened, since)] == expected


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"location": "amont.inconnue"}, "n'existe pas"),
        ({"query": "select inconnue from amont.t"}, "n'existe pas"),
        ({"query": "select from where"}, "ne se lit pas"),
    ],
)
def test_what_does_not_pass_is_said_for_people(
    place: str, secret: str, arguments: dict[str, str], expected: str
) -> None:
    with pytest.raises(PlatformError, match=expected) as refused:
        cells_of(reader(place, secret=secret, **arguments))
    assert not isinstance(refused.value, PassingFault)


def test_no_error_repeats_a_value_of_a_row(database: str, place: str, secret: str) -> None:
    with psycopg.connect(database) as base:
        base.execute("create table amont.t as select 'Dupont' as nom")
    with pytest.raises(PlatformError) as refused:
        cells_of(reader(place, secret=secret, query="select nom::int as n from amont.t"))
    assert "Dupont" not in str(refused.value)


def test_a_view_that_says_nothing_is_stopped_in_time(place: str, secret: str) -> None:
    found = reader(place, secret=secret, query="select 1 as n from pg_sleep(20)")
    began = found.deadline = time.monotonic() + 1
    with pytest.raises(PassingFault, match="trop occupé"), found.open():
        list(found.batches(found.columns(), None))
    assert time.monotonic() - began < 5
