"""Measures the comparison of two versions of a mart: `python -m benchmarks.review [--rows 1000000]`.

A server of its own, a table of ten columns and the same with one row in a thousand changed in one column, as
many gone and as many come. Prints the seconds of the whole, and beside them those of a bare
full join that counts the rows of both, in the same run: what the machine has to give.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import psycopg

from donnees_au_centre.review.comparison import compare, find_table, reading
from donnees_au_centre.warehouse import EmbeddedServer

_TABLE = """
create table {schema}.gros as
select
    i as id, md5(i::text) as empreinte, (i::bigint * 7919 % 1000000 / 100.0)::numeric(12, 2) as montant,
    timestamp '2026-01-01' + i * interval '1 second' as moment, date '2020-01-01' + i % 2000 as jour,
    'école n° ' || i % 3000 as libelle, i % 3 = 0 as actif, (i / 7.0)::numeric(20, 6) as part,
    case when i % 5 > 0 then i % 3000 end as ecole, i * 1000000007::bigint as grand
from generate_series({first}, {last}) as i
"""
_BARE = "select count(a.id), count(b.id) from avant.gros as a full join apres.gros as b on a.id = b.id"


def main() -> None:
    """Prints one line a run."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "serveur", durable=False, preferred_port=0)
        try:
            server.ensure_database("mesure")
            with psycopg.connect(server.start().conninfo("mesure"), autocommit=True) as connection:
                _fill(connection, given.rows)
                for _ in range(given.runs):
                    print(_run(connection), flush=True)
        finally:
            server.destroy()


def _fill(connection: psycopg.Connection, rows: int) -> None:
    gone = rows // 1000
    for schema, first in (("avant", 1), ("apres", 1 + gone)):
        connection.execute(f"create schema {schema}".encode())
        made = _TABLE.format(schema=schema, first=first, last=first + rows - 1)
        connection.execute(made.encode())
    connection.execute("update apres.gros set montant = montant + 1 where id % 1000 = 0")
    for schema in ("avant", "apres"):
        connection.execute(f"vacuum analyze {schema}.gros".encode())


def _run(connection: psycopg.Connection) -> str:
    begun = time.perf_counter()
    with reading(connection):
        connection.execute(_BARE)
    bare, begun = time.perf_counter() - begun, time.perf_counter()
    with reading(connection):
        before, after = (find_table(connection, schema, "gros") for schema in ("avant", "apres"))
        found = compare(connection, before, after, [("id",)])
    assert found.both and found.differing["montant"]
    whole = time.perf_counter() - begun
    return (
        f"{whole:.2f} s (jointure nue : {bare:.2f} s) : {found.only_before} avant, {found.only_after} après, "
        f"{found.both} des deux, montant diffère sur {found.differing['montant']}"
    )


if __name__ == "__main__":
    main()
