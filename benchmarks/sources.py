"""Measures the reading of systems against bare copies, and dlt beside: `python -m benchmarks.sources`.

Real servers of its own: PostgreSQL, MariaDB (Debian's, unpacked) and a portal on the loopback. Prints for
each the rows a second and the ratio to what does nothing but copy the same rows, in the same run: COPY to
COPY for PostgreSQL, the client's own cursor into COPY for MariaDB, a bare download for the portal. Where
`--peer` names a Python that has dlt (`dlt[postgres,sql_database]`, pymysql, pyarrow, psycopg2-binary), the
same tables go through dlt too.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psycopg
from psycopg import sql

from benchmarks.landing import forget
from benchmarks.measured import declared
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.warehouse import EmbeddedServer
from tests.servers.api import api_server
from tests.servers.mariadb import PASSWORD, mariadb

COLUMNS = (
    "id", "empreinte", "montant", "moment", "jour", "libelle", "actif", "part", "ecole", "grand"
)  # fmt: skip
_POSTGRES = """
create table gros as
select
    i as id, md5(i::text) as empreinte, (i::bigint * 7919 % 1000000 / 100.0)::numeric(12, 2) as montant,
    timestamp '2026-01-01' + i * interval '1 second' as moment, date '2020-01-01' + i % 2000 as jour,
    'école n° ' || i % 3000 as libelle, i % 3 = 0 as actif, (i / 7.0)::numeric(20, 6) as part,
    case when i % 5 > 0 then i % 3000 end as ecole, i * 1000000007::bigint as grand
from generate_series(1, {rows}) as i
"""
MARIADB = """
create database amont; use amont;
create table gros engine=InnoDB as
select
    seq as id, md5(seq) as empreinte, cast(seq * 7919 % 1000000 / 100 as decimal(12, 2)) as montant,
    timestampadd(second, seq, '2026-01-01') as moment,
    date_add('2020-01-01', interval seq % 2000 day) as jour,
    concat('école n° ', seq % 3000) as libelle, seq % 3 = 0 as actif, cast(seq / 7 as decimal(20, 6)) as part,
    if(seq % 5 > 0, seq % 3000, null) as ecole, seq * 1000000007 as grand
from seq_1_to_{rows}
"""
_PEER = """
import sys, dlt
from dlt.sources.sql_database import sql_table
url, target, table = sys.argv[1:]
pipeline = dlt.pipeline("pair", destination=dlt.destinations.postgres(target), dataset_name="pair",
                        pipelines_dir=sys.argv[0] + ".d")
print(pipeline.run(sql_table(url, table=table, backend="pyarrow"), write_disposition="replace").asstr())
"""


@dataclass(frozen=True)
class Timed:
    """What one way took.

    Attributes:
        seconds: of the clock.
        processor: seconds of this process; the servers have their own.
    """

    seconds: float
    processor: float


def timed(work: Callable[[], Any]) -> Timed:
    """Does a work once."""
    clock, processor = time.perf_counter(), time.process_time()
    work()
    return Timed(time.perf_counter() - clock, time.process_time() - processor)


def fill_postgresql(conninfo: str, rows: int) -> dict[str, str]:
    """Makes the table of a database; returns the environment of a connection `amont` to it."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute(sql.SQL(_POSTGRES.format(rows=rows)))
        connection.execute("vacuum analyze gros")
    found = psycopg.conninfo.conninfo_to_dict(conninfo)
    return {
        "SOURCE_AMONT": f"postgresql://{found['user']}@{found['host']}:{found['port']}/{found['dbname']}",
        "SOURCE_AMONT_PASSWORD": str(found["password"]),
    }


class Measure:
    """One run, on a warehouse of its own."""

    def __init__(self, conninfo: str, rows: int, folder: Path, peer: Path | None) -> None:
        """Nothing runs yet."""
        self.conninfo, self.rows, self.folder, self.peer = conninfo, rows, folder, peer

    def load(self, kind: str, connection: str, location: str) -> Timed:
        """Loads a source anew."""
        with psycopg.connect(self.conninfo, autocommit=True) as entrepot:
            forget(entrepot)
        tables = read_declarations([declared(COLUMNS, kind=kind, connection=connection, location=location)])

        def work() -> None:
            report = load_landing(self.conninfo, self.folder, tables)
            if report.failed or report.tables[0].files[0].rows != self.rows:
                raise SystemExit("\n".join(report.tables[0].reasons()))

        return timed(work)

    def said(self, name: str, ours: Timed, bare: Timed) -> str:
        """One line."""
        return (
            f"{name}: {self.rows / ours.seconds:,.0f} rows/s, {ours.processor:.1f} s of this process; "
            f"a bare copy {self.rows / bare.seconds:,.0f}: {bare.seconds / ours.seconds:.0%} of its speed"
        )

    def dlt(self, name: str, url: str, ours: Timed) -> Iterator[str]:
        """The same table by dlt."""
        if self.peer is None:
            return
        script = self.folder / "pair.py"
        script.write_text(_PEER, encoding="utf-8")
        found = psycopg.conninfo.conninfo_to_dict(self.conninfo)
        target = f"postgresql://{found['user']}:{found['password']}@{found['host']}:{found['port']}/{found['dbname']}"
        command = [str(self.peer), str(script), url, target, "gros"]
        begun = time.perf_counter()
        done = subprocess.run(command, capture_output=True, text=True)
        seconds = time.perf_counter() - begun
        if done.returncode:
            yield f"  {name} by dlt: fails. {done.stderr.strip().splitlines()[-1][:200]}"
        else:
            share = ours.seconds / seconds
            yield f"  {name} by dlt: {self.rows / seconds:,.0f} rows/s; ours takes {share:.0%} of its time"

    def postgresql(self, server: EmbeddedServer) -> Iterator[str]:
        """PostgreSQL to PostgreSQL."""
        server.ensure_database("amont")
        amont = server.start().conninfo("amont")
        os.environ.update(fill_postgresql(amont, self.rows))
        found = psycopg.conninfo.conninfo_to_dict(amont)

        def bare() -> None:
            query = "copy (select row_number() over (), gros.* from gros) to stdout"
            with (
                psycopg.connect(amont) as there,
                self._bare() as here,
                there.cursor().copy(query) as out,
                here.cursor().copy("copy temoin from stdin") as into,
            ):
                for piece in out:
                    into.write(piece)

        ours, copied = self.load("postgresql", "amont", "public.gros"), timed(bare)
        yield self.said("PostgreSQL", ours, copied)
        url = f"postgresql://{found['user']}:{found['password']}@{found['host']}:{found['port']}/amont"
        yield from self.dlt("PostgreSQL", url, ours)

    def mariadb(self) -> Iterator[str]:
        """MariaDB to PostgreSQL."""
        import pymysql

        with mariadb() as server:
            server.run(MARIADB.format(rows=self.rows))
            os.environ.update(server.environ("amont"))

            def bare() -> None:
                with (
                    pymysql.connect(
                        host="127.0.0.1", port=server.port, user="lecteur", password=PASSWORD,
                        database="amont", cursorclass=pymysql.cursors.SSCursor,
                    ) as there,
                    there.cursor() as cursor,
                    self._bare() as here,
                    here.cursor().copy("copy temoin from stdin") as into,
                ):  # fmt: skip
                    cursor.execute("select * from gros")
                    for number, row in enumerate(cursor, 1):
                        into.write_row((number, *row))

            ours, copied = self.load("mysql", "essai", "gros"), timed(bare)
            yield self.said("MariaDB", ours, copied)
            yield from self.dlt(
                "MariaDB", f"mysql+pymysql://lecteur:{PASSWORD}@127.0.0.1:{server.port}/amont", ours
            )

    def portal(self) -> Iterator[str]:
        """An Opendatasoft portal, on the loopback."""
        with api_server() as api:
            api.fields = [(name, "text") for name in COLUMNS]
            row = ", ".join(f'"{name}": "valeur de {name}"' for name in COLUMNS[1:])
            api.records[:] = [f'{{"id": {number}, {row}}}' for number in range(self.rows)]
            path = f"/api/explore/v2.1/catalog/datasets/{api.dataset}/exports/jsonl"

            def bare() -> None:
                with httpx.stream("GET", api.url + path) as answer:
                    assert sum(1 for _ in answer.iter_lines()) == self.rows

            ours, copied = self.load("opendatasoft", api.url, api.dataset), timed(bare)
            yield self.said("Opendatasoft", ours, copied)

    @contextmanager
    def _bare(self) -> Iterator[psycopg.Connection[Any]]:
        with psycopg.connect(self.conninfo) as connection:
            columns = ", ".join(f"{name} text" for name in COLUMNS)
            connection.execute(
                f"drop table if exists temoin; create table temoin (source_ligne bigint, {columns})"
            )
            connection.commit()
            yield connection
            connection.commit()


def main() -> None:
    """Runs the measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--peer", type=Path, help="a Python that has dlt")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mesure-") as folder:
        server = EmbeddedServer(Path(folder) / "serveur", durable=False, preferred_port=0)
        try:
            server.start()
            server.ensure_database("mesure")
            zone = Path(folder) / "zone"
            zone.mkdir()
            measure = Measure(server.start().conninfo("mesure"), arguments.rows, zone, arguments.peer)
            for lines in (measure.postgresql(server), measure.mariadb(), measure.portal()):
                for line in lines:
                    print(line, flush=True)
        finally:
            server.destroy()
    print(f"memory: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB at most")


if __name__ == "__main__":
    main()
