"""Measures the loader against a bare COPY of the same rows: `python -m benchmarks.landing`.

Prints the ratio of the two times, the memory for one and for four times the file, and what became of the
bad lines of a dirty file. A server of its own runs for the measure and disappears with it.
"""

from __future__ import annotations

import argparse
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.measured import declared
from donnees_au_centre.landing.declaration import SourceTable, read_declarations
from donnees_au_centre.landing.loader import load_landing
from donnees_au_centre.warehouse import EmbeddedServer

COLUMNS = ("numero", "beneficiaire", "commune", "montant", "date_de_liquidation", "remarque")
FILE = Path("age/mesure/mesure.csv")
_TOWNS = (
    "Liège",
    "Namur",
    "Mons",
    "La Louvière",
    "Châtelet",
    "Ottignies-Louvain-la-Neuve",
    "Braine-l'Alleud",
)
_WORDS = ("Théâtre", "Centre", "Bibliothèque", "Académie", "Maison", "Atelier", "Musée", "Fédération")
_REMARKS = ("", "", "payé", "à vérifier", "reçu le décompte", "2e tranche")


@dataclass(frozen=True)
class Expected:
    """What a generated file must give.

    Attributes:
        rows: good records.
        bad: motif of each bad line, in order.
        line_numbers: line of each bad line, in order.
    """

    rows: int
    bad: tuple[str, ...]
    line_numbers: tuple[int, ...]


def bad_lines(number: int) -> Sequence[tuple[str, bytes]]:
    """One bad line of every kind, with the motif that its reject must have."""
    start = b"B%d;Atelier;Mons;" % number
    return (
        ("nombre_de_champs", start + b"1,00;2024-01-01"),
        ("nombre_de_champs", start + b"1,00;2024-01-01;x;de trop"),
        ("guillemet_isole", b'B%d;"Atelier;Mons;1,00;2024-01-01;x' % number),
        ("guillemet_isole", start + b'1,00;2024-01-01;"x'),
        ("texte_apres_guillemet", b'B%d;"Atelier" bis;Mons;1,00;2024-01-01;x' % number),
        ("octet_nul", start + b"1,00;2024-01-01;\0"),
        ("ligne_vide", b""),
    )


def generate(path: Path, rows: int, multiline: int, bad: int, seed: int = 1) -> Expected:
    """Writes a Latin-1 CSV with accents, decimal commas and quoted line ends.

    Args:
        path: the file to write.
        rows: good records.
        multiline: how many of them hold a line end inside quotes.
        bad: lines of every bad kind in turn, spread over the file.
        seed: of the random choices.

    Returns:
        What must come out of it.
    """
    chance = random.Random(seed)
    every = rows // multiline if multiline else rows + 1
    bad_before = set(chance.sample(range(1, rows), bad))
    motifs: list[str] = []
    numbers: list[int] = []
    line = 2
    with path.open("wb") as file:
        file.write(";".join(COLUMNS).encode("latin-1") + b"\n")
        for row in range(rows):
            if row in bad_before:
                kinds = bad_lines(row)
                motif, text = kinds[len(motifs) % len(kinds)]
                file.write(text + b"\n")
                motifs.append(motif)
                numbers.append(line)
                line += 1
            several_lines = row % every == every - 1
            file.write(_record(chance, row, several_lines).encode("latin-1"))
            line += 2 if several_lines else 1
    return Expected(rows, tuple(motifs), tuple(numbers))


def _record(chance: random.Random, row: int, several_lines: bool) -> str:
    amount = f"{chance.randrange(1, 99_999)},{chance.randrange(100):02d}"
    day = f"{chance.randrange(2015, 2026)}-{chance.randrange(1, 13):02d}-{chance.randrange(1, 29):02d}"
    remark = '"voir\nla note ""2"" ; suite"' if several_lines else chance.choice(_REMARKS)
    name = f"{chance.choice(_WORDS)} {row % 997}"
    return f"{row};{name};{chance.choice(_TOWNS)};{amount};{day};{remark}\n"


def declaration() -> SourceTable:
    """The declaration of the generated file, as dbt's manifest would hold it."""
    options = {"encoding": "latin-1", "delimiter": ";"}
    external = {"location": FILE.as_posix(), "file_format": "csv", "options": options}
    return read_declarations([declared(COLUMNS, **external)])[0]


def forget(connection: psycopg.Connection) -> None:
    """Drops all that the loader made."""
    connection.execute("drop schema if exists raw_age, plateforme cascade")


def time_copy(connection: psycopg.Connection, path: Path) -> float:
    """Seconds that a bare COPY of the file takes."""
    columns = ", ".join(f"{name} text" for name in COLUMNS)
    connection.execute(f"drop table if exists temoin; create table temoin ({columns})")
    started = time.perf_counter()
    statement = "copy temoin from stdin (format csv, delimiter ';', header true, encoding 'LATIN1')"
    with path.open("rb") as file, connection.cursor() as cursor, cursor.copy(statement) as copy:
        while chunk := file.read(1 << 20):
            copy.write(chunk)
    return time.perf_counter() - started


def time_loader(connection: psycopg.Connection, conninfo: str, landing: Path) -> float:
    """Seconds that the loader takes for the same file, from an empty database."""
    forget(connection)
    started = time.perf_counter()
    report = load_landing(conninfo, landing, [declaration()])
    seconds = time.perf_counter() - started
    if report.failed:
        raise SystemExit(report.failed[0].files[0].message)
    return seconds


def peak_memory(conninfo: str, landing: Path) -> float:
    """Peak memory in MiB of a process that loads the landing zone."""
    command = [sys.executable, "-m", "benchmarks.landing", "--only-load", conninfo, str(landing)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def dirty_account(connection: psycopg.Connection, expected: Expected) -> tuple[int, int]:
    """Good rows lost and bad lines kept, by key and reason."""
    found = connection.execute(
        "select count(distinct numero) from raw_age.mesure where numero !~ '^B'"
    ).fetchone()
    kept = connection.execute("select source_ligne, motif from raw_age.rejets_chargement").fetchall()
    wanted = set(zip(expected.line_numbers, expected.bad, strict=True))
    return expected.rows - (found[0] if found else 0), len(wanted & set(kept))


def measure(rows: int, times: int) -> Iterator[str]:
    """Runs the whole measure; yields lines to print."""
    with tempfile.TemporaryDirectory(prefix="mesure-") as folder:
        server = EmbeddedServer(Path(folder) / "serveur", durable=False, preferred_port=0)
        try:
            server.start()
            server.ensure_database("mesure")
            conninfo = server.start().conninfo("mesure")
            with psycopg.connect(conninfo, autocommit=True) as connection:
                yield from _measure(connection, conninfo, Path(folder), rows, times)
        finally:
            server.destroy()


def _measure(
    connection: psycopg.Connection, conninfo: str, folder: Path, rows: int, times: int
) -> Iterator[str]:
    clean, large, dirty = (folder / name for name in ("propre", "grand", "sale"))
    for landing in (clean, large, dirty):
        (landing / FILE).parent.mkdir(parents=True)
    generate(clean / FILE, rows, rows // 500, 0)
    yield f"{rows} rows, {(clean / FILE).stat().st_size / 1e6:.1f} MB, {rows // 500} quoted line ends"
    ratios = []
    for _ in range(times):
        bare, loader = time_copy(connection, clean / FILE), time_loader(connection, conninfo, clean)
        ratios.append(loader / bare)
        yield f"  bare COPY {bare:.2f} s, loader {loader:.2f} s, ratio {loader / bare:.2f}"
    yield f"median ratio {statistics.median(ratios):.2f}"
    generate(large / FILE, rows * 4, rows * 4 // 500, 0)
    for landing, name in ((clean, "1x"), (large, "4x")):
        forget(connection)
        yield f"peak memory of the loader's process, {name}: {peak_memory(conninfo, landing):.0f} MiB"
    expected = generate(dirty / FILE, rows, rows // 500, 1000)
    seconds = time_loader(connection, conninfo, dirty)
    lost, kept = dirty_account(connection, expected)
    yield f"dirty file: {seconds:.2f} s, good rows lost {lost}, bad lines kept {kept}/{len(expected.bad)}"


def main() -> None:
    """Runs the measure from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--only-load", nargs=2, metavar=("CONNINFO", "LANDING"))
    arguments = parser.parse_args()
    if arguments.only_load:
        conninfo, landing = arguments.only_load
        load_landing(conninfo, Path(landing), [declaration()])
        print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
        return
    for line in measure(arguments.rows, arguments.times):
        print(line, flush=True)


if __name__ == "__main__":
    main()
