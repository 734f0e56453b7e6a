"""The platform at 1, 10 and 100 times the ministry's volumes: `python -m benchmarks.scale --scale 1 10`.

For each scale, on a server of its own: the files of the pupil counts (a hundred, and one more for the day
after) are loaded, and what is made of them is built and tested by the project itself; then comes a day with
one more file, and a day with nothing new. A script written by hand for these files (scale_by_hand.sql) does
the same work in the same database, and what it gives is compared with what the platform gives, row by row.

Prints seconds, processor seconds of Python and of PostgreSQL, memory, disk, and their ratios; leaves nothing.
At scale 100, 20 million rows, it wants 25 GB of disk and two cores for half an hour.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from benchmarks.processor import SETTLING, python_seconds, server_seconds
from benchmarks.scale_files import ROWS, YEARS, keys, write_year
from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.building.results import outcome_of
from donnees_au_centre.history.recording import Recording
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.settings import NO_TELEMETRY, ROOT, SERVER_VARIABLES, Settings
from donnees_au_centre.warehouse import EmbeddedServer

BY_HAND = Path(__file__).with_name("scale_by_hand.sql")
SOURCE = "population_scolaire"
STAGING, ISSUES = "stg_population_scolaire__effectifs", "stg_population_scolaire__effectifs_ecarts"
MART = "fct_population_scolaire"
# The script's own schemas: of the hundred files, and of the file of the day.
WHOLE, DAY = "a_la_main", "a_la_main_jour"
# What is held at the largest scale: ratios, and MiB.
GOALS = {
    "entier": 1.5,
    "jour": 0.08,
    "croissance": 1.1,
    "mémoire": 500.0,
    "disque": 2.0,
}
# The parts of the platform's run, and those of the script that do the same.
PARTS = {
    "lecture": "",
    "chargement": "copie",
    "staging": "types",
    "écarts": "",
    "mart": "mart",
    "tests": "contrôles",
    "dbt": "",
}
# How many of the longest statements are named.
LONGEST = 6
MEBIBYTE = 1 << 20
# Seconds between two looks at the disk.
SAMPLING = 0.1
# Columns that tell when something was loaded differ from one load to the next.
COMPARED = {
    "staging": "source_fichier, source_ligne, annee_scolaire, etablissement_id, implantation_id, niveau, "
    "genre, annee_etudes, sexe, nombre_eleves",
    "écarts": "source_fichier, source_ligne, nature, colonne, valeur_brute, motif",
    "mart": "annee_scolaire, etablissement_id, implantation_id, niveau, genre, nombre_eleves",
}


@dataclass
class Run:
    """What one run of one side took.

    Attributes:
        seconds: wall clock, from the first statement to the last; of the platform, dbt's reading and all.
        parts: the same by part, and by what is in it; parts may overlap.
        nodes: seconds of each node of dbt, or of each statement of the script.
        python, server: processor seconds of both.
        memory: peak of the Python process, in MiB.
        temporary: peak of the disk that was taken and given back, in bytes.
        log: bytes of the write-ahead log.
    """

    seconds: float = 0.0
    parts: dict[str, float] = field(default_factory=dict)
    nodes: dict[str, float] = field(default_factory=dict)
    python: float = 0.0
    server: float = 0.0
    memory: float = 0.0
    temporary: int = 0
    log: int = 0


@dataclass
class Figures:
    """What one scale gave.

    Attributes:
        scale: the factor.
        rows: of the hundred files.
        received: bytes of these files.
        sizes: bytes of each table, as the platform has it.
        full, day, idle: the platform's runs.
        hand, hand_day: the script's.
        different: what the two sides do not have alike.
    """

    scale: int
    rows: int
    received: int = 0
    sizes: dict[str, int] = field(default_factory=dict)
    full: Run = field(default_factory=Run)
    day: Run = field(default_factory=Run)
    idle: Run = field(default_factory=Run)
    hand: Run = field(default_factory=Run)
    hand_day: Run = field(default_factory=Run)
    different: list[str] = field(default_factory=list)

    @property
    def stored(self) -> int:
        """Bytes of all the tables."""
        return sum(self.sizes.values())


@dataclass(frozen=True)
class Place:
    """Where a measure works.

    Attributes:
        folder: of all that it writes, but for the server.
        conninfo: of the database.
        data: the server's data folder.
        postmaster: the id of the server's main process.
        threads: of dbt.
    """

    folder: str
    conninfo: str
    data: str
    postmaster: int
    threads: int

    @property
    def landing(self) -> Path:
        """The landing zone."""
        return Path(self.folder) / "depot"

    def settings(self) -> Settings:
        """The project itself, with results of its own."""
        folder = Path(self.folder)
        return replace(
            Settings.load({}),
            target="ci",
            landing=self.landing,
            database="mesure",
            target_path=folder / "target",
            build=folder / "build",
            state=folder / "serveur",
        )

    def environment(self) -> dict[str, str]:
        """The variables that lead a process to the database."""
        parts = conninfo_to_dict(self.conninfo)
        names = ("host", "port", "user", "password", "dbname")
        where = dict(zip(SERVER_VARIABLES, (str(parts[name]) for name in names), strict=True))
        return {**where, **NO_TELEMETRY, "PGSSLMODE": "disable"}


def measure(place: Place, scale: int, say: Callable[[str], None]) -> Figures:
    """Runs both sides over the files of one scale, in an empty database.

    Args:
        place: where.
        scale: 1 for the ministry's volumes.
        say: told what begins.
    """
    rows = ROWS * scale // len(YEARS)
    figures = Figures(scale, rows * len(YEARS))
    say("fichiers")
    for year in YEARS:
        figures.received += write_year(place.landing, year, rows).stat().st_size
    _make_schools(place, rows)
    # As every day but the first: dbt remembers the project.
    _apart(place, "lecture")
    say("plateforme, tout")
    figures.full = _apart(place, "plateforme")
    figures.sizes = _sizes(place)
    say("script, tout")
    figures.hand = _apart(place, "script", WHOLE, *map(str, YEARS))
    figures.different = _differences(place, [WHOLE])
    say("plateforme, un fichier de plus")
    write_year(place.landing, YEARS[-1] + 1, rows)
    figures.day = _apart(place, "plateforme")
    say("script, un fichier de plus")
    figures.hand_day = _apart(place, "script", DAY, str(YEARS[-1] + 1))
    figures.different += _differences(place, [WHOLE, DAY])
    say("plateforme, rien de neuf")
    figures.idle = _apart(place, "plateforme")
    return figures


def _make_schools(place: Place, rows: int) -> None:
    """The two marts that the counts are compared with: all that these files name but one in fifty."""
    with psycopg.connect(place.conninfo, autocommit=True) as connection:
        connection.execute("create schema age")
        for name, column, side in (
            ("dim_etablissement", "etablissement_id", 0),
            ("dim_implantation", "implantation_id", 1),
        ):
            table = sql.Identifier("age", name)
            connection.execute(sql.SQL("create table {} ({} integer)").format(table, sql.Identifier(column)))
            known = sorted({key[side] for key in keys(rows) if key[side] % 50})
            connection.execute(sql.SQL("insert into {} select unnest(%s::integer[])").format(table), [known])
            connection.execute(sql.SQL("analyze {}").format(table))


# One side in a process of its own


def _apart(place: Place, side: str, *arguments: str) -> Run:
    """Runs one side in a new process, so that its memory and its seconds are its own.

    Raises:
        SystemExit: it failed, with its own words.
    """
    with psycopg.connect(place.conninfo, autocommit=True) as connection:
        connection.execute("checkpoint")
    command = [
        sys.executable,
        "-m",
        "benchmarks.scale",
        "--side",
        side,
        json.dumps(asdict(place)),
        *arguments,
    ]
    with _disk(place) as taken:
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **place.environment()},
            text=True,
            stdout=subprocess.PIPE,
        )
    if done.returncode:
        raise SystemExit(f"Le côté « {side} » a échoué.")
    run = Run(**json.loads(done.stdout.splitlines()[-1]))
    run.temporary = taken[0]
    return run


@contextmanager
def _disk(place: Place) -> Iterator[list[int]]:
    """Samples what sorts and the tables of the database take; gives the peak of what was given back."""
    data, done, peaks = Path(place.data), threading.Event(), [0, 0]
    taken: list[int] = []

    def look() -> None:
        while not done.wait(SAMPLING):
            spilt, kept = _weight(data / "base" / "pgsql_tmp"), _tables_weight(data)
            peaks[0], peaks[1] = max(peaks[0], spilt), max(peaks[1], kept + spilt)

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield taken
    finally:
        done.set()
        thread.join()
        taken.append(max(peaks[0], peaks[1] - _tables_weight(data)))


def _weight(folder: Path) -> int:
    total = 0
    # A file may go while it is looked at.
    with suppress(OSError):
        for entry in os.scandir(folder):
            with suppress(OSError):
                total += _weight(Path(entry.path)) if entry.is_dir() else entry.stat().st_size
    return total


def _tables_weight(data: Path) -> int:
    return sum(_weight(folder) for folder in (data / "base").iterdir() if folder.name != "pgsql_tmp")


def _platform(place: Place) -> Run:
    """The project as a night runs it: read, loaded, built and tested, what has not changed left as it is."""
    run, settings = Run(), place.settings()
    with _metered(place, run):
        with _timed(run, "lecture"):
            parsed = parse(settings)
        if parsed.error:
            raise SystemExit(parsed.error)
        sources = [one for one in parsed.manifest.sources.values() if one.source_name == SOURCE]
        with _timed(run, "chargement"):
            report = load_landing(
                "", settings.landing, read_declarations(sources), progress=_quiet_unless_wrong
            )
        if report.failed:
            raise SystemExit("\n".join(report.failed[0].reasons()))
        arguments = ["build", "--select", f"source:{SOURCE}+", "--threads", str(place.threads)]
        dbt = DbtRun(settings, "mesure", parsed.project, arguments, reuse=True)
        recording = Recording(settings, "", parsed.manifest, "build", "mesure", SOURCE)
        kinds = {one: _part(parsed.manifest.find(one)) for one in [*parsed.manifest.nodes]}
        ended: dict[str, list[tuple[float, float]]] = {}
        begun = time.monotonic()
        for result in dbt.results():
            if result.unique_id.startswith("exposure."):
                continue
            now = time.monotonic()
            if not result.provisional:
                recording.note(outcome_of(result))
            if result.bad:
                raise SystemExit(f"{result.unique_id} : {result.message}")
            if result.seconds and (part := kinds.get(result.unique_id)):
                name = result.unique_id.split(".")[2]
                if name not in run.nodes:
                    ended.setdefault(part, []).append((now - result.seconds, now))
                run.nodes[name] = result.seconds
        run.parts["dbt"] = time.monotonic() - begun
        if dbt.error:
            raise SystemExit(dbt.error)
        recording.end(None, dbt.kept("run_results.json"))
        run.parts |= {part: _together(spans) for part, spans in ended.items()}
    return run


def _part(node: Any) -> str | None:
    if node is None:
        return None
    named = {STAGING: "staging", ISSUES: "écarts", MART: "mart"}
    return "tests" if node.kind in ("test", "unit_test") else named.get(node.name)


def _quiet_unless_wrong(line: str) -> None:
    if "échec" in line or "attente" in line:
        print(line, file=sys.stderr, flush=True)


def _together(spans: Sequence[tuple[float, float]]) -> float:
    """Seconds during which one of several things at least was under way."""
    total, until = 0.0, 0.0
    for begun, ended in sorted(spans):
        total += max(0.0, ended - max(begun, until))
        until = max(until, ended)
    return total


def _script(place: Place, schema: str, years: Sequence[str]) -> Run:
    """The script, statement by statement, in one session with the settings of the platform's."""
    run = Run()
    with (
        _metered(place, run),
        psycopg.connect(place.conninfo, autocommit=True) as connection,
    ):
        connection.execute(sql.SQL("create schema {}").format(sql.Identifier(schema)))
        connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(schema)))
        for part, name, statement in statements():
            with _timed(run, part):
                begun = time.monotonic()
                if name == "copie":
                    _copy(connection, statement, place.landing, years)
                else:
                    found = connection.execute(statement.encode())
                    if part == "contrôles" and (rows := found.fetchall()):
                        raise SystemExit(f"{name} : {rows[:3]}")
                run.nodes[name] = round(time.monotonic() - begun, 3)
    return run


def statements() -> Iterator[tuple[str, str, str]]:
    """The statements of the script: their part, their name and their text."""
    part = ""
    for block in BY_HAND.read_text("utf-8").split("\n-- ")[1:]:
        title, _, text = block.partition("\n")
        if title.startswith("== "):
            part = title.removeprefix("== ").strip()
        elif text.strip():
            yield part, title.strip(), text.strip().removesuffix(";")


def _copy(connection: psycopg.Connection, statement: str, landing: Path, years: Sequence[str]) -> None:
    """Each file by the same COPY, its name and the number of its lines given by the columns' defaults.

    In the transaction that makes the table: where wal_level is minimal, its rows are not logged.
    """
    with connection.transaction():
        before, _, copying = statement.rpartition(";\n")
        connection.execute(before.encode())
        for year in years:
            digest = hashlib.sha256()
            file = f"age/population_scolaire/population_scolaire_{year}.csv"
            connection.execute(
                sql.SQL(
                    "alter table brut alter source_fichier set default {}, alter annee set default {}"
                ).format(sql.Literal(file), sql.Literal(year))
            )
            connection.execute("alter sequence ligne restart with 2")
            with (landing / file).open("rb") as received, connection.cursor() as cursor:
                with cursor.copy(copying.encode()) as copy:
                    while chunk := received.read(MEBIBYTE):
                        digest.update(chunk)
                        copy.write(chunk)
                lines = cursor.rowcount
            connection.execute("insert into fichiers values (%s, %s, %s)", [file, lines, digest.hexdigest()])


@contextmanager
def _timed(run: Run, part: str) -> Iterator[None]:
    begun = time.monotonic()
    yield
    run.parts[part] = run.parts.get(part, 0.0) + time.monotonic() - begun


@contextmanager
def _metered(place: Place, run: Run) -> Iterator[None]:
    """Notes what the work within costs to this process and to the server."""
    with psycopg.connect(place.conninfo, autocommit=True) as connection:
        begun, server, log = time.monotonic(), server_seconds(place.postmaster), _log_position(connection)
        python = python_seconds()
        yield
        run.seconds = time.monotonic() - begun
        run.python = python_seconds() - python
        time.sleep(SETTLING)
        run.server = server_seconds(place.postmaster) - server
        run.log = _log_position(connection) - log
    # Kibibytes, but for macOS.
    unit = 1 if sys.platform == "darwin" else 1024
    run.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEBIBYTE


def _log_position(connection: psycopg.Connection) -> int:
    return int(_value(connection, "select pg_current_wal_insert_lsn() - '0/0'::pg_lsn"))


def _value(connection: psycopg.Connection, query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    assert row
    return row[0]


# What was made


def _tables(place: Place) -> dict[str, str]:
    return {
        "brut": f"raw_age.{SOURCE}",
        "staging": f"age_staging.{STAGING}",
        "écarts": f"age_staging.{ISSUES}",
        "mart": f"age.{MART}",
    }


def _sizes(place: Place) -> dict[str, int]:
    """Bytes of each table with its indexes; of a mart, of all the versions that are kept."""
    with psycopg.connect(place.conninfo, autocommit=True) as connection:
        found = {
            title: int(_value(connection, f"select pg_total_relation_size('{table}')"))
            for title, table in _tables(place).items()
        }
        found["mart"] = int(
            _value(
                connection,
                "select coalesce(sum(pg_total_relation_size(oid)), 0) from pg_class "
                "where relnamespace = 'age_versions'::regnamespace and relkind = 'r' "
                f"and relname like '{MART}%'",
            )
        )
    return found


def _differences(place: Place, schemas: Sequence[str]) -> list[str]:
    """What the platform has and the script has not, by the number of rows and the sum of their digests."""
    names = {"staging": "effectifs", "écarts": "ecarts", "mart": "population"}
    different = []
    with psycopg.connect(place.conninfo, autocommit=True) as connection:
        for title, columns in COMPARED.items():
            digest = f"select count(*), sum(hash_record_extended(row({columns}), 0)::numeric) from {{}}"
            platform = connection.execute(digest.format(_tables(place)[title]).encode()).fetchone()
            lines = [
                connection.execute(digest.format(f"{schema}.{names[title]}").encode()).fetchone()
                for schema in schemas
            ]
            script = tuple(sum(line[side] or 0 for line in lines if line) for side in (0, 1))
            if platform != script:
                different.append(f"{title} : plateforme {platform}, script {script}")
    return different


# What is said of it


@dataclass(frozen=True)
class Verdict:
    """One goal.

    Attributes:
        title: in French.
        value, goal: what was measured, and the most that it may be.
        unit: written after both.
    """

    title: str
    value: float
    goal: float
    unit: str = ""

    @property
    def line(self) -> str:
        """The goal in one line."""
        return (
            f"{self.title:<44} {_number(self.value)}{self.unit} (au plus {_number(self.goal)}{self.unit})"
            f"{'' if self.value <= self.goal else '  AU-DESSUS'}"
        )


def verdicts(measured: Sequence[Figures]) -> list[Verdict]:
    """The goals, at the largest scale, and the growth from the smallest to it, when there are two."""
    first, last = measured[0], measured[-1]
    found = [
        Verdict("tout / script", last.full.seconds / last.hand.seconds, GOALS["entier"]),
        Verdict("jour à un fichier de plus / tout", last.day.seconds / last.full.seconds, GOALS["jour"]),
        Verdict(
            "mémoire de Python",
            max(run.memory for run in (last.full, last.day, last.idle)),
            GOALS["mémoire"],
            " Mio",
        ),
        Verdict(
            "disque temporaire / table brute",
            max(run.temporary for run in (last.full, last.day)) / last.sizes["brut"],
            GOALS["disque"],
        ),
    ]
    if first is not last:
        growth = (last.full.seconds / last.rows) / (first.full.seconds / first.rows)
        title = f"secondes par ligne, {last.scale}x / {first.scale}x"
        found.append(Verdict(title, growth, GOALS["croissance"]))
    return found


def show(figures: Figures) -> Iterator[str]:
    """The figures of one scale, in French, line by line."""
    runs = (figures.full, figures.hand, figures.day, figures.hand_day, figures.idle)
    yield ""
    yield f"{figures.scale}x : {figures.rows} lignes, {len(YEARS)} fichiers, {_mega(figures.received)} reçus"
    titles = ("tout", "script", "un de plus", "script", "rien de neuf")
    yield f"  {'':<34}" + "".join(f"{title:>13}" for title in titles)
    yield _row("secondes", [run.seconds for run in runs])
    for part, by_hand in PARTS.items():
        values = [run.parts.get(by_hand if side in (1, 3) else part, 0.0) for side, run in enumerate(runs)]
        yield _row(f"  {part}" + (f" (script : {by_hand})" if by_hand not in ("", part) else ""), values)
    yield _row("processeur, Python", [run.python for run in runs])
    yield _row("processeur, PostgreSQL", [run.server for run in runs])
    yield _row("mémoire de Python, Mio", [run.memory for run in runs])
    yield _row("disque temporaire, Mo", [run.temporary / 1e6 for run in runs])
    yield _row("journal (WAL), Mo", [run.log / 1e6 for run in runs])
    yield "  tables : " + ", ".join(f"{title} {_mega(size)}" for title, size in figures.sizes.items())
    for title, run in (("plateforme", figures.full), ("script", figures.hand), ("un de plus", figures.day)):
        longest = sorted(run.nodes.items(), key=lambda one: -one[1])[:LONGEST]
        yield f"  le plus long, {title} : " + ", ".join(f"{name} {seconds:.1f}" for name, seconds in longest)
    for line in figures.different or ["les deux côtés ont les mêmes lignes"]:
        yield f"  {line}"


def _row(title: str, values: Sequence[float]) -> str:
    return f"  {title:<34}" + "".join(f"{value:>13.1f}" for value in values)


def _mega(size: int) -> str:
    return f"{size / 1e6:.1f} Mo"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.2f}"


def main(arguments: Sequence[str]) -> int:
    """Prints the figures; 1 when the two sides differ or, with --strict, when a goal is not held."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.scale")
    parser.add_argument("--scale", type=int, nargs="+", default=[1], help="1, 10, 100 fois les volumes")
    parser.add_argument("--threads", type=int, default=4, help="de dbt")
    parser.add_argument("--strict", action="store_true", help="échoue si un objectif n'est pas tenu")
    parser.add_argument("--side", nargs="+", help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.side:
        side, where, *rest = given.side
        place = Place(**json.loads(where))
        if side == "lecture":
            run = Run()
            parse(place.settings())
        else:
            run = _platform(place) if side == "plateforme" else _script(place, rest[0], rest[1:])
        print(json.dumps(asdict(run)))
        return 0
    measured = []
    for scale in sorted(set(given.scale)):
        measured.append(_on_own_server(scale, given.threads))
        print("\n".join(show(measured[-1])), flush=True)
    print(f"\nObjectifs, à {measured[-1].scale}x")
    held = verdicts(measured)
    for verdict in held:
        print(f"  {verdict.line}")
    over = [verdict.title for verdict in held if verdict.value > verdict.goal]
    different = [line for figures in measured for line in figures.different]
    if given.strict and over:
        print(f"Au-dessus de l'objectif : {', '.join(over)}.", file=sys.stderr)
    return 1 if different or (given.strict and over) else 0


def _on_own_server(scale: int, threads: int) -> Figures:
    with tempfile.TemporaryDirectory(prefix="mesure-") as name:
        folder = Path(name)
        server = EmbeddedServer(folder / "serveur", preferred_port=0)
        try:
            connection = server.start()
            server.ensure_database("mesure")
            status = server.status()
            assert status.home and status.pid
            place = Place(
                str(folder), connection.conninfo("mesure"), str(status.home / "data"), status.pid, threads
            )
            begun = time.monotonic()

            def say(what: str) -> None:
                print(f"[{time.monotonic() - begun:5.0f} s] {scale}x : {what}…", file=sys.stderr, flush=True)

            return measure(place, scale, say)
        finally:
            server.destroy()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
