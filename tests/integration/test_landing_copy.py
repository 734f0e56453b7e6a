"""Whatever bytes come in, COPY accepts what the framer gives, and nothing is lost on the way."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmarks import landing as benchmark
from donnees_au_centre.landing import load_landing
from donnees_au_centre.landing.declaration import Variant
from donnees_au_centre.landing.encodings import Encoding
from donnees_au_centre.landing.framer import CsvFramer
from donnees_au_centre.landing.rejects import RejectSpool
from donnees_au_centre.warehouse import EmbeddedServer
from tests.campaigns import campaign, examples, long

PIECES = [
    *(
        b"a",
        b";",
        b";",
        b'"',
        b'"',
        b'""',
        b"\n",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"\xe9",
        b"\xc3\xa9",
        b"\x81",
    ),
    *(b"\n\\.\n", b"\\", b"1;2\n", b'";"', b"\x01", b" ", b"\x1a", b"\xed\xa0\x80"),
]
BYTES = st.one_of(st.lists(st.sampled_from(PIECES), max_size=60).map(b"".join), st.binary(max_size=80))


@pytest.fixture(scope="module")
def connection(server: EmbeddedServer) -> Iterator[psycopg.Connection]:
    server.ensure_database("essai_copie")
    conninfo = server.start().conninfo("essai_copie")
    with psycopg.connect(conninfo, prepare_threshold=None) as connection:
        yield connection
    server.drop_database("essai_copie")


SHAPES = st.fixed_dictionaries(
    {},
    optional={
        "comment": st.just("a"),
        "footer": st.just("1;"),
        "short_rows": st.just(True),
        "long_rows": st.just(True),
        "beside": st.just("notes"),
    },
)


def copied(
    connection: psycopg.Connection, framer: CsvFramer, width: int, columns_wanted: int = 3
) -> list[tuple[object, ...]]:
    """The rows that PostgreSQL makes of what the framer gives."""
    columns = ", ".join(f"c{place} text" for place in range(columns_wanted))
    quote = framer.quote.decode().replace("'", "''")
    with connection.transaction(force_rollback=True):
        connection.execute(f"create temporary table essai (ligne bigint, {columns})")
        statement = (
            f"copy essai from stdin (format csv, delimiter ';', quote e'{quote}', null '', "
            f"encoding '{framer.encoding.postgres}')"
        )
        with connection.cursor() as cursor, cursor.copy(statement) as copy:
            for piece in framer.frame(width):
                copy.write(piece)
        return connection.execute("select * from essai order by ligne").fetchall()


@campaign
@settings(
    max_examples=examples(300), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    BYTES,
    st.integers(1, 5),
    st.sampled_from(["utf-8", "latin-1", "cp1252", "utf-16-le", "utf-16-be", "cp850", "ascii"]),
    st.sampled_from(['"', "'", ""]),
    SHAPES,
)
@example(b"\\.\n\\.", 1, "utf-8", '"', {})
@example(b"", 2, "utf-8", '"', {})
def test_copy_accepts_whatever_is_framed(
    connection: psycopg.Connection,
    data: bytes,
    width: int,
    encoding: str,
    quote: str,
    shape: dict[str, Any],
) -> None:
    data = "x".encode(encoding) + data
    rejects = RejectSpool()
    variant = Variant(
        "essai", "*.csv", "csv", encoding=Encoding.named(encoding), delimiter=";", quote=quote, **shape
    )
    framer = CsvFramer(io.BytesIO(data), variant, rejects)
    rows = copied(connection, framer, width, width + ("beside" in shape))
    assert len(rows) == framer.counts.rows
    lines = [row[0] for row in rows] + [reject.line for reject in rejects]
    assert len(set(lines)) == len(lines)
    for reject in rejects:
        assert reject.offset is not None
        assert data[reject.offset : reject.offset + len(reject.raw)] == reject.raw


CELL = st.text(st.sampled_from('ab;"\n\r\\.é€'), max_size=6)


@campaign
@settings(
    max_examples=examples(150), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(CELL, CELL, CELL), max_size=6), st.sampled_from(["\n", "\r\n", "\r"]))
def test_values_arrive_as_they_were_written(
    connection: psycopg.Connection, records: list[tuple[str, ...]], end: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=";", lineterminator=end, quoting=csv.QUOTE_ALL).writerows(records)
    # An unquoted first line settles the line ends.
    data = f"x;y;z{end}{text.getvalue()}".encode()
    framer = CsvFramer(io.BytesIO(data), Variant("essai", "*.csv", "csv", delimiter=";"), RejectSpool())
    assert [row[1:] for row in copied(connection, framer, 3)] == [("x", "y", "z"), *records]


def test_large_dirty_file_is_accounted_for_line_by_line(database: str, tmp_path: Path) -> None:
    path = tmp_path / benchmark.FILE
    path.parent.mkdir(parents=True)
    expected = benchmark.generate(path, rows=200_000, multiline=400, bad=1000)
    report = load_landing(database, tmp_path, [benchmark.declaration()])
    loaded = report.tables[0].files[0]
    assert (loaded.rows, loaded.rejects, loaded.blank_lines) == (200_000, 1000, 0)
    with psycopg.connect(database) as connection:
        found = connection.execute(
            "select source_ligne, motif from raw_age.rejets_chargement order by source_ligne"
        ).fetchall()
        assert found == list(zip(expected.line_numbers, expected.bad, strict=True))
        sums = connection.execute(
            "select count(*), count(distinct numero), count(distinct source_ligne), sum(numero::bigint), "
            "count(*) filter (where remarque = E'voir\\nla note \"2\" ; suite'), "
            "count(*) filter (where remarque is null) > 50000, bool_and(montant ~ '^[0-9]+,[0-9]{2}$'), "
            "count(*) filter (where beneficiaire like 'Théâtre %') > 20000 from raw_age.mesure"
        ).fetchone()
        assert sums == (200_000, 200_000, 200_000, 199_999 * 100_000, 400, True, True, True)
        raw = path.read_bytes()
        for offset, octets in connection.execute(
            "select position_octet, octets from raw_age.rejets_chargement"
        ):
            assert raw[offset : offset + len(octets)] == octets


@long
def test_loading_stays_near_a_bare_copy(database: str, tmp_path: Path) -> None:
    path = tmp_path / benchmark.FILE
    path.parent.mkdir(parents=True)
    benchmark.generate(path, rows=200_000, multiline=400, bad=0)
    with psycopg.connect(database, autocommit=True) as connection:
        ratios = []
        for _ in range(5):
            bare = benchmark.time_copy(connection, path)
            ratios.append(benchmark.time_loader(connection, database, tmp_path) / bare)
    assert min(ratios) < 4


@campaign
def test_memory_does_not_follow_the_file(database: str, tmp_path: Path) -> None:
    peaks = []
    for name, rows in (("petit", examples(100_000)), ("grand", examples(800_000))):
        path = tmp_path / name / benchmark.FILE
        path.parent.mkdir(parents=True)
        benchmark.generate(path, rows, multiline=rows // 500, bad=0)
        with psycopg.connect(database, autocommit=True) as connection:
            benchmark.forget(connection)
        peaks.append(benchmark.peak_memory(database, tmp_path / name))
    assert peaks[1] < peaks[0] + 15
