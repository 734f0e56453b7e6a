"""How large the history grows, and how long its readers take: `python -m benchmarks.history`.

Notes 1,000 runs of 300 models and 900 tests, over thirty days, through historique.noter, on a server of its
own that disappears with the measure; then times Elementary's page and the state of quality over those days.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from benchmarks.pace import slowness
from donnees_au_centre.history.structure import ensure_history
from donnees_au_centre.pages.elementary import write_report
from donnees_au_centre.project.nodes import LAYERS, Manifest
from donnees_au_centre.quality.reading import read_quality
from donnees_au_centre.warehouse import EmbeddedServer

PROJECT = "mesure"
DOMAINS = ("age", "agaj", "agc", "agmj", "ags", "sg")
DAYS = 30
# Of a hundred tests, those that fail in one run; a failing one keeps failing for about a day.
FAILING = 2
MOST_BYTES, MOST_SECONDS = 100 * 2**20, 5.0


@dataclass(frozen=True)
class Figures:
    """What was measured.

    Attributes:
        runs, results: noted.
        size: bytes of the schema, indexes included.
        noting: seconds to note one run.
        elementary, quality: seconds of Elementary's page and of the state of quality.
        page: bytes of the page.
        slowness: of the machine at that moment, against an ordinary one.
    """

    runs: int
    results: int
    size: int
    noting: float
    elementary: float
    quality: float
    page: int
    slowness: float


def manifest(models: int, tests: int, sources: int) -> Manifest:
    """A project of a given size: a third of the models read a source, each other third the one before."""
    person = {"name": "Direction", "email": "direction@fwb.example"}
    found: dict[str, dict[str, Any]] = {}
    named = [f"model.{PROJECT}.m_{number}" for number in range(models)]
    raw_ids = [f"source.{PROJECT}.s_{number}.s_{number}" for number in range(sources)]
    third = max(1, models // 3)
    for number, unique_id in enumerate(named):
        domain, name = DOMAINS[number % len(DOMAINS)], f"m_{number}"
        before = number - number % third - third
        reads = [
            named[before + number % third],
            named[before + (number + len(DOMAINS)) % third],
        ]
        layer = LAYERS[min(number // third, 2)]
        found[unique_id] = _node("model", unique_id, domain, layer, name) | {
            "depends_on": {"nodes": reads if number >= third else [raw_ids[number % sources]]},
            "config": {"materialized": "table", "meta": {}},
        }
    for number in range(tests):
        about = named[number % models]
        domain, name = found[about]["fqn"][1], f"not_null_{number}"
        unique_id = f"test.{PROJECT}.{name}.0123456789"
        found[unique_id] = _node("test", unique_id, domain, "intermediate", name) | {
            "description": f"La colonne {number} est toujours remplie, dans chaque ligne de la table.",
            "attached_node": about,
            "column_name": f"colonne_{number}",
            "test_metadata": {"name": "not_null", "kwargs": {"column_name": f"colonne_{number}"}},
            "depends_on": {"nodes": [about]},
        }
    raw = {}
    for number, unique_id in enumerate(raw_ids):
        node = _node("source", unique_id, DOMAINS[number % len(DOMAINS)], "staging", f"s_{number}")
        raw[unique_id] = node | {
            "source_name": f"s_{number}",
            "identifier": f"s_{number}",
            "freshness": {"warn_after": {"count": 40, "period": "day"}},
        }
    groups = {domain: {"name": domain, "owner": person, "config": {"meta": {}}} for domain in DOMAINS}
    return Manifest({"metadata": {"project_name": PROJECT}, "nodes": found, "sources": raw, "groups": groups})


def measure(conninfo: str, folder: Path, runs: int, models: int, tests: int, sources: int) -> Figures:
    """Fills a new database, then reads it.

    Args:
        folder: where the page is written.
    """
    project = manifest(models, tests, sources)
    now = datetime.now(UTC)
    with psycopg.connect(conninfo) as connection:
        ensure_history(connection)
        connection.commit()
        noting = _timed(lambda: _note(connection, project, runs, now))
        connection.commit()
        connection.autocommit = True
        connection.execute("vacuum analyze")
        (size,) = connection.execute(
            "select sum(pg_total_relation_size(c.oid)) from pg_class as c "
            "where c.relnamespace = 'historique'::regnamespace and c.relkind = 'r'"
        ).fetchone() or (0,)
        path = folder / "elementary.html"
        # Once for its imports, which are Python's and not the history's.
        write_report(connection, manifest(1, 1, 1), path, now, DAYS)
        pace = slowness()
        elementary = _timed(lambda: write_report(connection, project, path, now, DAYS))
        quality = _timed(lambda: read_quality(connection, project, now, DAYS))
    return Figures(
        runs=runs,
        results=runs * (models + tests),
        size=int(size),
        noting=noting / runs,
        elementary=elementary,
        quality=quality,
        page=path.stat().st_size,
        slowness=pace,
    )


def main(arguments: Sequence[str]) -> int:
    """Prints the figures; 1 when one is beyond its limit, which is for an ordinary machine."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.history")
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--tests", type=int, default=900)
    parser.add_argument("--sources", type=int, default=40)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        server = EmbeddedServer(Path(folder) / "serveur", durable=False, preferred_port=0)
        try:
            server.start()
            server.ensure_database("mesure")
            conninfo = server.start().conninfo("mesure")
            found = measure(conninfo, Path(folder), given.runs, given.models, given.tests, given.sources)
        finally:
            server.destroy()
    print(f"Exécutions notées          {found.runs} ({found.results} résultats)")
    print(f"Noter une exécution        {found.noting * 1000:.0f} ms")
    print(f"Taille de l'historique     {found.size / 2**20:.1f} Mo (limite {MOST_BYTES / 2**20:.0f} Mo)")
    print(f"Page d'Elementary, {DAYS} jours {found.elementary:.1f} s")
    print(f"Poids de la page           {found.page / 2**20:.1f} Mo")
    print(f"État de la qualité         {found.quality:.1f} s")
    ordinary = found.elementary / found.slowness
    print(
        f"Machine                    {found.slowness:.1f} fois plus lente qu'une machine ordinaire, "
        f"où la page prendrait {ordinary:.1f} s (limite {MOST_SECONDS:.0f} s)"
    )
    return 0 if found.size <= MOST_BYTES and ordinary <= MOST_SECONDS else 1


def _node(kind: str, unique_id: str, domain: str, layer: str, name: str) -> dict[str, Any]:
    return {
        "unique_id": unique_id,
        "resource_type": kind,
        "name": name,
        "package_name": PROJECT,
        "database": PROJECT,
        "schema": f"{domain}_{layer}",
        "fqn": [PROJECT, domain, layer, name],
        "original_file_path": f"models/{domain}/{layer}/{name}.sql",
        "description": f"Ce que {name} contient, en une phrase ordinaire de la documentation.",
        "columns": {},
        "tags": [layer],
        "config": {"meta": {}},
    }


def _note(connection: psycopg.Connection, project: Manifest, runs: int, now: datetime) -> None:
    for execution, results, ages in _runs(project, runs, now):
        connection.execute(
            "select historique.noter(%s, %s, %s, %s)",
            [Jsonb(execution), Jsonb(results), Jsonb(ages), Jsonb([])],
        )
        connection.commit()


def _runs(
    project: Manifest, runs: int, now: datetime
) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]]:
    chance = random.Random(1)
    nodes = list(project.nodes)
    tests = [one for one in nodes if one.startswith("test.")]
    bad: set[str] = set()
    for number in range(runs):
        begun = now - timedelta(days=DAYS) * ((runs - number) / (runs + 1))
        if number % max(1, runs // DAYS) == 0:
            bad = set(chance.sample(tests, len(tests) * FAILING // 100))
        execution = {
            "cle": str(uuid.UUID(int=chance.getrandbits(128))),
            "commencee_le": begun.isoformat(),
            "terminee_le": (begun + timedelta(minutes=10)).isoformat(),
            "commande": "build",
            "lanceur": "dagster age",
            "portee": "tout",
            "cible": "prod",
            "revision": "0" * 40,
            "manifeste": "0" * 64,
            "version_dbt": "1.11.16",
            "issue": "echec" if bad else "reussi",
        }
        results = [
            {
                "unique_id": one,
                "statut": "echec" if one in bad else "reussi",
                "debut_ms": rank * 400,
                "duree_ms": chance.randrange(100, 9000),
                **({"lignes": chance.randrange(10**6)} if one not in bad and one[0] == "m" else {}),
                **(
                    {"fautes": 12, "message": "Got 12 results, configured to fail if != 0"}
                    if one in bad
                    else {}
                ),
            }
            for rank, one in enumerate(nodes)
        ]
        received = (begun - timedelta(days=20)).isoformat()
        ages = [{"unique_id": one, "recu_le": received, "statut": "reussi"} for one in project.sources]
        yield execution, results, ages


def _timed(work: Callable[[], object]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
