"""What `make demo` costs when all, nothing or one file is new: `python -m benchmarks.demo`.

In a clone of the last commit, with a server of its own, series after series on the same machine: everything
built anew, nothing changed, then one more file of each of three administrations.
Prints processor seconds of Python and of PostgreSQL, and what each run is of the whole one; leaves nothing.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median

from benchmarks.processor import SETTLING, python_seconds, server_seconds
from donnees_au_centre.settings import ROOT
from donnees_au_centre.warehouse import EmbeddedServer

ALL, NOTHING = "tout (TOUT=1)", "rien de neuf"
# What a run may cost of the whole one.
GOALS = {NOTHING: 0.15, "un fichier": 0.25}
# The files that come, one a year: their encoding, and what of those of YEAR is the year (keys, dates).
FILES: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "agmj/mandats/mandats_{}.csv": ("utf-8", ("M{}-", ";{}-")),
    "agaj/prises_en_charge/prises_en_charge_{}.csv": ("utf-8", ("PC-{}", "/{};")),
    "agc/cadastre_subventions/cadastre_{}.csv": ("cp1252", ("S{}-", "/{}")),
}
YEAR = 2023


def run(clone: Path, **options: str) -> tuple[float, float]:
    """Processor seconds of Python and of the server for one `make demo`.

    Args:
        clone: the checkout; its server runs.
        options: those of the command.

    Raises:
        SystemExit: it failed, with its own words.
    """
    postmaster = EmbeddedServer(clone / ".warehouse").status().pid
    assert postmaster
    python, server = python_seconds(), server_seconds(postmaster)
    play(clone, "demo", **options)
    python = python_seconds() - python
    time.sleep(SETTLING)
    return python, server_seconds(postmaster) - server


def play(clone: Path, command: str, **options: str) -> None:
    """Runs a command of the platform in a checkout, with this Python.

    Raises:
        SystemExit: it failed, with its own words.
    """
    arguments = [sys.executable, "-m", "donnees_au_centre", command]
    # A checkout of its own: where another one stands must not lead it there. Byte code is kept, as by make.
    left_out = ("PG", "DBT_", "DAGSTER", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(left_out)}
    done = subprocess.run(arguments, cwd=clone, env={**kept, **options}, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{done.stdout}\n{done.stderr}")


def series(clone: Path, year: int) -> dict[str, tuple[float, float]]:
    """One run of each kind: what is new -> seconds of Python and of the server.

    Args:
        clone: the checkout; the files stay in it.
        year: of the files that come, which no series had before.
    """
    found = {ALL: run(clone, TOUT="1"), NOTHING: run(clone)}
    for name, (encoding, marks) in FILES.items():
        text = (clone / "landing" / name.format(YEAR)).read_bytes().decode(encoding)
        for mark in marks:
            text = text.replace(mark.format(YEAR), mark.format(year))
        (clone / "landing" / name.format(year)).write_bytes(text.encode(encoding))
        found[name.format(year)] = run(clone)
        said = json.loads((clone / "build/summary.json").read_text(encoding="utf-8"))
        if said["reused"]["model"] == sum(said["models"].values()):
            raise SystemExit(f"{name.format(year)} n'a rien fait construire.")
    return found


def main(arguments: Sequence[str]) -> int:
    """Prints the figures; 1 when, with --strict, a goal is not held by the median of the series."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.demo")
    parser.add_argument("--series", type=int, default=3, help="combien de fois chaque exécution")
    parser.add_argument("--strict", action="store_true", help="échoue si un objectif n'est pas tenu")
    given = parser.parse_args(arguments)
    ratios: dict[str, list[float]] = {}
    with tempfile.TemporaryDirectory(prefix="mesure-") as folder:
        clone = Path(folder) / "depot"
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)
        try:
            play(clone, "demo")
            for number in range(1, given.series + 1):
                found = series(clone, YEAR - number)
                whole = sum(found[ALL])
                print(f"\nSérie {number} : secondes de processeur de Python, de PostgreSQL, part du tout")
                for name, (python, server) in found.items():
                    ratio = (python + server) / whole
                    print(f"  {name:48} {python:6.1f} {server:6.1f} {ratio:6.2f}", flush=True)
                    kind = name if name in (ALL, NOTHING) else "un fichier"
                    ratios.setdefault(kind, []).append(ratio)
        finally:
            play(clone, "stop")
    print("\nMédianes")
    for kind, goal in GOALS.items():
        print(f"  {kind:48} {median(ratios[kind]):6.2f}   but : {goal:.2f}")
    over = [kind for kind, goal in GOALS.items() if median(ratios[kind]) > goal]
    return 1 if given.strict and over else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
