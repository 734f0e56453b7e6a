"""Measures the memory of loads that no memory could hold: `python -m benchmarks.large --gigabytes 5`.

A CSV of so many gigabytes, a JSON Lines of a fifth of them, a workbook as long as Excel allows, and as many
million rows of PostgreSQL, two fifths of that of MariaDB (Debian's, unpacked). Each is loaded by a process of
its own, of which the most resident memory is printed, and by which it must stay below MOST.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg

from benchmarks import sources, workbook
from benchmarks.landing import forget
from benchmarks.measured import declared
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project.nodes import Source
from donnees_au_centre.warehouse import EmbeddedServer
from tests.servers.mariadb import mariadb

# Mebibytes that the process of a load may have.
MOST = 300
_NAMES = ("numero", "nom", "texte", "commune", "remarque", "montant")
_BLOCK = 1000
_SYSTEMS = {"postgresql": ("amont", "public.gros"), "mysql": ("essai", "gros")}


def _text(number: int) -> str:
    return f"É{number:09d} " + "un texte à garder, " * 12


def write_csv(path: Path, size: int) -> int:
    """Writes lines of half a kilobyte, some of them quoted, up to a size in bytes; returns how many."""
    with path.open("wb") as file:
        file.write(";".join(_NAMES).encode() + b"\n")
        rows = 0
        while file.tell() < size:
            file.writelines(
                f'{n};Nom {n % 997};{_text(n)};Liège;{_text(n * 7)};"{n % 1000},5"\n'.encode()
                for n in range(rows, rows + _BLOCK)
            )
            rows += _BLOCK
    return rows


def write_json(path: Path, size: int) -> int:
    """Writes the same as a JSON object a line."""
    with path.open("wb") as file:
        rows = 0
        while file.tell() < size:
            file.writelines(
                f'{{"numero":{n},"nom":"Nom {n % 997}","texte":"{_text(n)}","commune":"Li\\u00e8ge",'
                f'"remarque":"{_text(n * 7)}","montant":{n % 1000}.5}}\n'.encode()
                for n in range(rows, rows + _BLOCK)
            )
            rows += _BLOCK
    return rows


def write_workbook(path: Path, size: int) -> int:
    """Writes the longest sheet; small sizes make a shorter one."""
    rows = min(1_048_575, size // 400)
    with path.open("w+b") as file:
        workbook.write(file, rows)
    return rows


FILES: dict[str, tuple[float, Callable[[Path, int], int]]] = {
    "csv": (1, write_csv),
    "json": (0.2, write_json),
    "xlsx": (0.2, write_workbook),
}


def source_of(kind: str) -> Source:
    """The declaration of what is measured."""
    if kind in _SYSTEMS:
        connection, location = _SYSTEMS[kind]
        return declared(sources.COLUMNS, kind=kind, connection=connection, location=location)
    return declared(
        workbook.COLUMNS if kind == "xlsx" else _NAMES,
        location=f"age/mesure/mesure.{kind}",
        file_format=kind,
        options={"csv": {"delimiter": ";"}, "json": {"rows": "lines"}}.get(kind, {}),
    )


def load(conninfo: str, landing: Path, kind: str) -> None:
    """Loads it in this process; prints its rows and the most memory that it had, in KiB."""
    (table,) = load_landing(conninfo, landing, read_declarations([source_of(kind)])).tables
    if not table.files or table.files[0].status != "charge":
        raise SystemExit("\n".join(table.reasons()))
    found = re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text(encoding="ascii"))
    print(table.files[0].rows, found[1] if found else 0)


def measure(gigabytes: float, kinds: list[str]) -> Iterator[str]:
    """Runs the whole measure; yields lines to print."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mesure-")))
        server = EmbeddedServer(folder / "serveur", durable=False, preferred_port=0)
        stack.callback(server.destroy)
        server.ensure_database("mesure")
        server.ensure_database("amont")
        conninfo, amont = (server.start().conninfo(name) for name in ("mesure", "amont"))
        for kind in kinds:
            path = folder / f"age/mesure/mesure.{kind}"
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind in FILES:
                share, write = FILES[kind]
                rows = write(path, int(gigabytes * share * 1e9))
                what = f"{kind}, {path.stat().st_size / 1e9:.2f} GB"
            else:
                rows = int(gigabytes * 1e6 * (1 if kind == "postgresql" else 0.4))
                what = kind
                if kind == "postgresql":
                    os.environ.update(sources.fill_postgresql(amont, rows))
                else:
                    maria = stack.enter_context(mariadb())
                    maria.run(sources.MARIADB.format(rows=rows))
                    os.environ.update(maria.environ("amont"))
            with psycopg.connect(conninfo, autocommit=True) as connection:
                forget(connection)
            command = [sys.executable, "-m", "benchmarks.large", "--load", conninfo, str(folder), kind]
            begun = time.perf_counter()
            done = subprocess.run(command, capture_output=True, text=True)
            seconds = time.perf_counter() - begun
            path.unlink(missing_ok=True)
            if done.returncode:
                raise SystemExit(done.stdout + done.stderr)
            found, memory = map(int, done.stdout.split())
            verdict = "as it must" if found == rows and memory >> 10 < MOST else "WRONG"
            yield f"{what}, {found:,} rows of {rows:,}: {memory >> 10} MiB, {seconds:.0f} s: {verdict}"


def main() -> None:
    """Runs the measure from the command line."""
    every = [*FILES, *_SYSTEMS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gigabytes", type=float, default=1)
    parser.add_argument("--only", nargs="+", choices=every, default=every)
    parser.add_argument("--load", nargs=3, metavar=("CONNINFO", "LANDING", "KIND"))
    arguments = parser.parse_args()
    if arguments.load:
        conninfo, landing, kind = arguments.load
        load(conninfo, Path(landing), kind)
        return
    for line in measure(arguments.gigabytes, arguments.only):
        print(line, flush=True)


if __name__ == "__main__":
    main()
