"""What readers see of the marts while builds come, fail and die: `python -m benchmarks.readers`.

On a server of its own, three domains whose marts are rebuilt at random, in every way that goes wrong: failed
tests and models, a lost column, builds killed, their queries cancelled, their connections ended, two builds
at once, going back. Meanwhile readers, as role `bi`, read every mart almost without a pause. A mart has ROWS
rows that all bear the number of its build: a read is half when it sees other rows, torn when two marts of a
domain bear two numbers. dbt runs in forks of a process that has read the project once.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import queue
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from donnees_au_centre.access import apply_access, declare, read_entries
from donnees_au_centre.building import prepare
from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.cli.rollback import rollback
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import parse
from donnees_au_centre.settings import NO_TELEMETRY, ROOT, SERVER_VARIABLES, Settings
from donnees_au_centre.warehouse import EmbeddedServer

ROWS = 50
# The longest that a reader may wait, in seconds.
LONGEST = 2.0
# The marts of each domain, with the mart that each reads, of its own domain or of another.
MARTS: dict[str, dict[str, str | None]] = {
    "age": {"dim_ecoles": None, "dim_batiments": "dim_ecoles", "fct_eleves": "dim_batiments"},
    "agaj": {"dim_dossiers": "dim_ecoles", "fct_decisions": "dim_dossiers"},
    "transversal": {"fct_tout": "fct_eleves", "fct_suivi": "fct_decisions", "fct_total": "fct_tout"},
}
# What goes wrong, and how often in a hundred rebuilds.
FAULTS = {
    "aucune": 24,
    "test en échec": 10,
    "modèle en erreur": 6,
    "colonne retirée": 4,
    "processus tué": 14,
    "tué à la publication": 10,
    "requête annulée": 8,
    "connexion perdue": 6,
    "publication annulée": 4,
    "publication coupée": 8,
    "deux à la fois": 6,
}
# Of a hundred rebuilds, those after which a domain goes back; and every so many a column comes.
BACK, COLUMN_EVERY = 10, 40
PASSWORD = "lecture"

PROJECT = f"""
name: donnees_au_centre
version: "1.0"
config-version: 2
profile: donnees_au_centre
macro-paths: ['{ROOT / "macros"}']
flags: {{send_anonymous_usage_stats: false}}
vars: {{patience_verrou: 30, edition: 0, colonnes: 0, echec: "", panne: "", retire: ""}}
models:
  donnees_au_centre:
    +persist_docs: {{relation: true, columns: true}}
    +post-hook: "{{{{ apply_access() }}}}"
"""
DOMAIN = "    {0}: {{+group: {0}, marts: {{+materialized: table, +access: public}}}}\n"
GROUP = """
version: 2
groups:
  - name: {domain}
    owner: {{name: Direction, email: owner.{domain}@fwb.example}}
models:
{models}
"""
MODEL = (
    "  - {{name: {name}, config: {{meta: {{gouvernance: {{classification: public}}}}}}, "
    "columns: [{{name: id}}]}}\n"
)
# A column more now and then, of the same name for ever; and one that a build may forget.
COLUMNS = (
    "cast({{{{ var('edition') }}}} as integer) as edition"
    "{{% if var('retire') != '{domain}' %}}, cast(1 as integer) as retirable{{% endif %}}"
    "{{% for n in range(var('colonnes')) %}}, cast({{{{ n }}}} as integer) as c{{{{ n }}}}{{% endfor %}}"
)
FIRST = "select n as id, {columns} from generate_series(1, {rows}) as n"
OTHER = "select lu.id, {columns} from {{{{ ref('{read}') }}}} as lu"
BROKEN = "{{% if var('panne') == '{domain}' %}} where 1 / (lu.id - lu.id) > 0{{% endif %}}"
TEST = "select 1 as faute from {{{{ ref('{name}') }}}} where '{{{{ var(\"echec\") }}}}' = '{domain}'"
ACCESS = """
acces:
  - role: bi
    ag: tous
    couche: marts
    classification: [public, interne]
    actions: [lecture]
    lignes: toutes
    justification: "Alimenter les tableaux de bord de l'administration."
    approbateur: "Secrétariat général"
    revue: 2027-11-15
"""


@dataclass
class Figures:
    """What was measured.

    Attributes:
        rebuilds: by what went wrong with them.
        seconds: of the whole.
        reads: by kind.
        longest: seconds of the longest read.
        faults: what a reader saw that it should not have, in French.
        unexpected: rebuilds that should have been offered and were not, and what they said.
        published, rollbacks: how many times a domain was, and went back.
        orphans: tables that no mart shows nor keeps, after the last good build.
        dropped: relations that are not the ones that were there at the beginning.
    """

    rebuilds: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    reads: Counter[str] = field(default_factory=Counter)
    longest: float = 0.0
    faults: list[str] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    published: int = 0
    rollbacks: int = 0
    orphans: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """True when no reader saw anything of the builds."""
        return not (self.faults or self.unexpected or self.orphans or self.dropped) and (
            self.longest <= LONGEST
        )


def measure(conninfo: str, folder: Path, rebuilds: int, readers: int, pause: float, seed: int) -> Figures:
    """Rebuilds the marts of an empty database under the eyes of readers.

    Args:
        conninfo: of the database, as its administrator.
        folder: where the project is written.
        rebuilds: how many.
        readers: how many read at a time, beside the one who refreshes materialized views.
        pause: seconds of a reader between two reads.
        seed: of chance.
    """
    _write_project(folder)
    environment = _environment(conninfo)
    figures = Figures()
    login = f"lecteur_{os.getpid()}"
    with (
        psycopg.connect(conninfo, autocommit=True) as admin,
        _Builder(folder, environment) as one,
        _Builder(folder, environment) as two,
    ):
        story = _Story(admin, one, two, figures, random.Random(seed))
        try:
            story.begin(folder, login)
            reading = make_conninfo(conninfo, user=login, password=PASSWORD)
            before = _relations(admin)
            begun = time.monotonic()
            with _reading(reading, figures, readers, pause, seed):
                for number in range(rebuilds):
                    story.rebuild([*FAULTS][number] if number < len(FAULTS) else "")
                story.last()
            figures.seconds = time.monotonic() - begun
            figures.dropped = sorted(before - _relations(admin))
            figures.orphans = _orphans(admin)
        finally:
            admin.execute("drop schema if exists etudes cascade")
            admin.execute(f"drop role if exists {login}".encode())
    return figures


class _Story:
    """The rebuilds, one after the other."""

    def __init__(
        self,
        admin: psycopg.Connection,
        one: _Builder,
        two: _Builder,
        figures: Figures,
        chance: random.Random,
    ) -> None:
        self.admin, self.one, self.two, self.figures, self.chance = admin, one, two, figures, chance
        self.edition = 0
        # Seconds of the last good build, from which the moments of accidents are drawn.
        self.usual = 1.0

    def begin(self, folder: Path, login: str) -> None:
        """A first build, the rights of `bi`, and what it makes over the marts."""
        said = self.one.play(self._order([*MARTS]))()
        if said.get("error") or said["bad"]:
            raise PlatformError(f"La première construction échoue : {said}.", "Corrigez le benchmark.")
        settings = _settings(folder)
        entries, faults = read_entries(folder, tuple(MARTS))
        assert faults == [], faults
        apply_access(
            make_conninfo("", **self._where()), declare(entries, parse(settings).manifest, date(2026, 12, 1))
        )
        self.admin.execute(f"create role {login} login password '{PASSWORD}' in role bi".encode())
        self.admin.execute(f"alter role {login} set role to bi".encode())
        self.admin.execute("create schema etudes authorization bi")
        self.admin.execute("set role bi")
        for domain, marts in MARTS.items():
            first, *_, last = marts
            lines = (
                f"select a.edition as une, b.edition as autre from {domain}.{first} as a "
                f"inner join {domain}.{last} as b on a.id = b.id"
            )
            self.admin.execute(f"create view etudes.lecture_{domain} as {lines}".encode())
            self.admin.execute(f"create materialized view etudes.photo_{domain} as {lines}".encode())
        self.admin.execute("reset role")

    def _where(self) -> dict[str, Any]:
        info = self.admin.info
        return {
            "host": info.host, "port": info.port, "user": info.user,
            "password": info.password, "dbname": info.dbname,
        }  # fmt: skip

    def _order(self, domains: Sequence[str], **given: str) -> dict[str, Any]:
        self.edition += 1
        return {
            "domains": sorted(domains),
            "vars": {"edition": self.edition, "colonnes": self.edition // COLUMN_EVERY, **given},
        }

    def rebuild(self, fault: str) -> None:
        """One rebuild of some domains, with an accident of FAULTS; '' leaves it to chance."""
        fault = fault or self.chance.choices(list(FAULTS), list(FAULTS.values()))[0]
        domains = self.chance.sample(list(MARTS), self.chance.randint(1, len(MARTS)))
        touched = self.chance.choice(domains)
        given = {"test en échec": "echec", "modèle en erreur": "panne", "colonne retirée": "retire"}
        order = self._order(domains, **({given[fault]: touched} if fault in given else {}))
        begun = time.monotonic()
        ending = self.one.play(order)
        if fault == "deux à la fois":
            others = self.chance.sample(list(MARTS), self.chance.randint(1, len(MARTS)))
            second = self._order(others)
            self._conclude(second, self.two.play(second)(), True, {order["vars"]["edition"]})
        elif fault == "processus tué":
            time.sleep(self.chance.uniform(0, 1.2 * self.usual))
            self.one.kill()
        elif fault == "tué à la publication":
            self._at_publication(ending.running, self.one.kill)
        elif fault == "requête annulée":
            time.sleep(self.chance.uniform(0, self.usual))
            self._end("pg_cancel_backend", "dbt")
        elif fault == "connexion perdue":
            time.sleep(self.chance.uniform(0, self.usual))
            self._end("pg_terminate_backend", "dbt")
        elif fault == "publication annulée":
            self._at_publication(ending.running, lambda: self._end("pg_cancel_backend", "publication"))
        elif fault == "publication coupée":
            self._at_publication(ending.running, lambda: self._end("pg_terminate_backend", "publication"))
        said = ending()
        if fault == "aucune":
            self.usual = time.monotonic() - begun
        expected = fault in ("aucune", "deux à la fois", "publication coupée")
        self._conclude(order, said, expected, {self.edition})
        self.figures.rebuilds[fault] += 1
        if self.chance.randrange(100) < BACK:
            domain = self.chance.choice(list(MARTS))
            said = self.one.play({"rollback": domain})()
            self.figures.rollbacks += said.get("error") is None
            if said.get("error") and "aucune version d'avant" not in said["error"]:
                self.figures.unexpected.append(f"retour de {domain} : {said['error']}")

    def last(self) -> None:
        """A good build of everything."""
        order = self._order([*MARTS])
        self._conclude(order, self.one.play(order)(), True, set())

    def _conclude(
        self, order: Mapping[str, Any], said: Mapping[str, Any], expected: bool, others: set[int]
    ) -> None:
        """Counts the domains that a build offered; of two at once, `others` has the edition of the other."""
        wanted = order["vars"]["edition"]
        seen = {
            domain: {self._edition(domain, mart) for mart in MARTS[domain]} for domain in order["domains"]
        }
        self.figures.published += sum(editions == {wanted} for editions in seen.values())
        behind = [domain for domain, editions in seen.items() if not editions <= {wanted, *others}]
        if expected and (behind or said.get("error") or said.get("bad")):
            self.figures.unexpected.append(f"édition {wanted} : {behind} {said}")

    def _edition(self, domain: str, mart: str) -> int | None:
        row = self.admin.execute(f"select max(edition) from {domain}.{mart}".encode()).fetchone()
        return row[0] if row else None

    def _at_publication(self, running: Callable[[], bool], work: Callable[[], object]) -> None:
        """Does something while a build offers its marts, or just after, if it comes to that."""
        while running():
            if self._sessions("publication"):
                time.sleep(self.chance.choice((0.0, self.chance.uniform(0, 0.15))))
                work()
                return
            time.sleep(0.002)

    def _end(self, how: str, application: str) -> None:
        for pid in self._sessions(application):
            self.admin.execute(f"select {how}(%s)".encode(), [pid])

    def _sessions(self, application: str) -> list[int]:
        rows = self.admin.execute(
            "select pid from pg_stat_activity where application_name = %s and datname = current_database()",
            [application],
        )
        return [pid for (pid,) in rows]


class _Builder:
    """A process that has read the project, and forks once for each order."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._folder, self._environment = folder, environment
        self._answers: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        self._pid = 0
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> _Builder:
        return self

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.readers", "--serve", self._folder],
            cwd=ROOT, env={**os.environ, **self._environment}, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=(self._folder / "constructions.log").open("a"),
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def __exit__(self, *_: object) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
            self._process.wait()

    def _listen(self) -> None:
        for line in (self._process and self._process.stdout) or ():
            self._answers.put(json.loads(line))
        self._answers.put({"pid": 0, "error": "le processus des constructions est mort"})

    def play(self, order: Mapping[str, Any]) -> _Ending:
        """Begins a build or a going back, in a process that starts with the first of them."""
        if self._process is None:
            self._start()
        assert self._process and self._process.stdin
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        self._pid = self._answers.get()["pid"]
        return _Ending(self._answers)

    def kill(self) -> None:
        """kill -9 of the build under way."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)


class _Ending:
    """What a build says in the end, waited for when it is called."""

    def __init__(self, answers: queue.SimpleQueue[dict[str, Any]]) -> None:
        self._answers = answers

    def running(self) -> bool:
        return self._answers.empty()

    def __call__(self) -> dict[str, Any]:
        return self._answers.get()


def _serve(folder: Path) -> None:
    """Reads orders, a line each; forks a process that plays it; says its number, then how it ended."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def answer(said: Mapping[str, Any]) -> None:
        answers.write(json.dumps(said) + "\n")
        answers.flush()

    settings = _settings(folder)
    prepare()
    parsed = parse(settings)
    assert parsed.error is None, parsed.error
    parsed.project.build_flat_graph()
    for line in sys.stdin:
        order = json.loads(line)
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            try:
                said = (
                    _go_back(settings, order)
                    if "rollback" in order
                    else _build(settings, parsed.project, order)
                )
            except BaseException as error:
                said = {"error": repr(error)}
            os.write(write, json.dumps(said).encode())
            os._exit(0)
        os.close(write)
        answer({"pid": pid})
        with os.fdopen(read) as told:
            line = told.read()
        os.waitpid(pid, 0)
        answer(json.loads(line) if line else {"error": "tué"})


def _build(settings: Settings, project: Any, order: Mapping[str, Any]) -> dict[str, Any]:
    run = DbtRun(
        settings,
        f"mesure_{os.getppid()}",
        project,
        ["build", "--select", *order["domains"], "--vars", json.dumps(order["vars"])],
    )
    results = [result for result in run.results() if not result.provisional]
    bad = {one.unique_id: one.message[:600] for one in results if one.status not in ("success", "pass")}
    return {"error": run.error and run.error[:1000], "bad": bad}


def _go_back(settings: Settings, order: Mapping[str, Any]) -> dict[str, Any]:
    base = f"{os.environ['PGDATABASE']}@{os.environ['PGHOST']}:{os.environ['PGPORT']}"
    try:
        rollback(replace(settings, target="ci"), {"AG": order["rollback"], "CONFIRMER": "1", "BASE": base})
    except PlatformError as error:
        return {"error": str(error)}
    return {"error": None}


@contextlib.contextmanager
def _reading(conninfo: str, figures: Figures, readers: int, pause: float, seed: int) -> Iterator[None]:
    done, lock = threading.Event(), threading.Lock()

    def loop(number: int) -> None:
        chance = random.Random(seed * 1000 + number)
        kinds = [_refreshed] if number == 0 else [_one, _two, _two_statements, _view, _over_domains]
        with psycopg.connect(conninfo, autocommit=True, application_name="lecteur") as connection:
            while not done.is_set():
                kind = chance.choice(kinds)
                begun = time.monotonic()
                try:
                    fault, waited = kind(connection, chance)
                except psycopg.Error as error:
                    fault, waited = str(error), 0.0
                    if connection.closed:
                        connection = psycopg.connect(conninfo, autocommit=True)
                waited = waited or time.monotonic() - begun
                with lock:
                    figures.reads[kind.__name__[1:]] += 1
                    figures.longest = max(figures.longest, waited)
                    if fault:
                        figures.faults.append(f"{kind.__name__[1:]} : {fault}")
                done.wait(pause * (20 if number == 0 else 1))

    threads = [threading.Thread(target=loop, args=(number,)) for number in range(readers + 1)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        done.set()
        for thread in threads:
            thread.join()


# One kind of read each: what was wrong with what was seen ('' when nothing), and the longest wait of its
# statements in seconds, 0 where the whole read is one.
_Read = tuple[str, float]
_SEEN = "select count(*), min(edition), max(edition) from {}"


def _chosen(chance: random.Random, number: int, domain: str = "") -> list[str]:
    domain = domain or chance.choice(list(MARTS))
    return [f"{domain}.{mart}" for mart in chance.sample(list(MARTS[domain]), number)]


def _wrong(marts: Sequence[str], seen: Sequence[tuple[Any, ...]]) -> str:
    if any((count, least) != (ROWS, most) for count, least, most in seen):
        return f"incomplet : {marts} {seen}"
    return f"déchiré : {marts} {seen}" if len({least for _, least, _ in seen}) > 1 else ""


def _one(connection: psycopg.Connection, chance: random.Random) -> _Read:
    (mart,) = _chosen(chance, 1)
    return _wrong([mart], connection.execute(_SEEN.format(mart).encode()).fetchall()), 0.0


def _two(connection: psycopg.Connection, chance: random.Random) -> _Read:
    marts = _chosen(chance, 2)
    both = " union all ".join(_SEEN.format(mart) for mart in marts)
    return _wrong(marts, connection.execute(both.encode()).fetchall()), 0.0


def _two_statements(connection: psycopg.Connection, chance: random.Random) -> _Read:
    marts = _chosen(chance, 2)
    seen, longest = _in_one_snapshot(connection, marts, 0.0)
    return _wrong(marts, seen), longest


def _over_domains(connection: psycopg.Connection, chance: random.Random) -> _Read:
    """One domain first, and another some time after, in one snapshot."""
    domain, other = chance.sample(list(MARTS), 2)
    marts = [*_chosen(chance, 1, domain), *_chosen(chance, 2, other)]
    seen, longest = _in_one_snapshot(connection, marts, chance.choice((0.0, 0.05, 0.5)))
    return _wrong(marts[:1], seen[:1]) or _wrong(marts[1:], seen[1:]), longest


def _in_one_snapshot(
    connection: psycopg.Connection, marts: Sequence[str], pause: float
) -> tuple[list[tuple[Any, ...]], float]:
    seen, longest = [], 0.0
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        for number, mart in enumerate(marts):
            if number == 1:
                time.sleep(pause)
            begun = time.monotonic()
            seen += connection.execute(_SEEN.format(mart).encode()).fetchall()
            longest = max(longest, time.monotonic() - begun)
    return seen, longest


def _view(connection: psycopg.Connection, chance: random.Random) -> _Read:
    """The readers' own view over two marts."""
    name = f"etudes.lecture_{chance.choice(list(MARTS))}"
    return _wrong_lines(connection, name), 0.0


def _refreshed(connection: psycopg.Connection, chance: random.Random) -> _Read:
    """The readers' own materialized view, made again from the marts of the moment."""
    name = f"etudes.photo_{chance.choice(list(MARTS))}"
    connection.execute(f"refresh materialized view {name}".encode())
    return _wrong_lines(connection, name), 0.0


def _wrong_lines(connection: psycopg.Connection, name: str) -> str:
    rows = connection.execute(
        f"select count(*), count(*) filter (where une = autre) from {name}".encode()
    ).fetchall()
    return "" if rows == [(ROWS, ROWS)] else f"incomplet ou déchiré : {name} {rows}"


def _relations(admin: psycopg.Connection) -> set[str]:
    """The marts and what readers made over them, each with what PostgreSQL knows it by."""
    rows = admin.execute(
        "select c.oid::regclass::text || ' ' || c.oid from pg_class as c "
        "inner join pg_namespace as n on c.relnamespace = n.oid "
        "where n.nspname = any(%s) and c.relkind in ('v', 'm')",
        [[*MARTS, "etudes"]],
    )
    return {name for (name,) in rows}


def _orphans(admin: psycopg.Connection) -> list[str]:
    """Tables of marts that are neither shown nor the one kept beside."""
    rows = admin.execute(
        "select n.nspname || '.' || c.relname, regexp_replace(c.relname, '__[cv][0-9_]+$', ''), "
        "c.relname ~ '__c[0-9]{8}_', "
        "row_number() over (partition by n.nspname, regexp_replace(c.relname, '__[cv][0-9_]+$', '') "
        "order by c.relname desc) "
        "from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid "
        "where n.nspname like '%\\_versions' and c.relkind = 'r' and c.relname like '%\\_\\__%'"
    )
    return [name for name, _, candidate, rank in rows if candidate or rank > 2]


def _write_project(folder: Path) -> None:
    def write(path: str, text: str) -> None:
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    write("dbt_project.yml", PROJECT + "".join(DOMAIN.format(domain) for domain in MARTS))
    write("profiles/profiles.yml", (ROOT / "profiles" / "profiles.yml").read_text("utf-8"))
    write("policies/access/plateforme.yml", ACCESS)
    (folder / "landing").mkdir()
    for domain, marts in MARTS.items():
        models = "".join(MODEL.format(name=name) for name in marts)
        write(f"models/{domain}/_{domain}.yml", GROUP.format(domain=domain, models=models))
        for name, read in marts.items():
            columns = COLUMNS.format(domain=domain)
            sql = (
                OTHER.format(columns=columns, read=read) if read else FIRST.format(columns=columns, rows=ROWS)
            )
            last = name == [*marts][-1]
            write(f"models/{domain}/marts/{name}.sql", sql + (BROKEN.format(domain=domain) if last else ""))
        write(f"tests/{domain}/{domain}_plein.sql", TEST.format(domain=domain, name=next(iter(marts))))


def _settings(folder: Path) -> Settings:
    return replace(
        Settings.load({}),
        # One target for all: dbt reads the whole project again under another.
        target="staging",
        root=folder,
        landing=folder / "landing",
        target_path=folder / "target" / "mesure",
        build=folder / "build",
        state=folder / ".warehouse",
    )


def _environment(conninfo: str) -> dict[str, str]:
    parts = conninfo_to_dict(conninfo)
    names = ("host", "port", "user", "password", "dbname")
    where = dict(zip(SERVER_VARIABLES, (str(parts[name]) for name in names), strict=True))
    return {**where, **NO_TELEMETRY}


def show(figures: Figures) -> None:
    """Prints the figures, in French."""
    kinds = {
        "one": "un mart", "two": "deux marts d'un domaine, une instruction",
        "two_statements": "deux marts d'un domaine, une transaction", "view": "par une vue du lecteur",
        "over_domains": "trois marts de deux domaines, une transaction",
        "refreshed": "vue matérialisée du lecteur, rafraîchie",
    }  # fmt: skip
    total = sum(figures.rebuilds.values())
    print(f"Reconstructions              {total} en {figures.seconds:.0f} s")
    for fault, number in sorted(figures.rebuilds.items(), key=lambda one: -one[1]):
        print(f"  {fault:<26} {number}")
    print(f"Domaines offerts             {figures.published}, et {figures.rollbacks} retours en arrière")
    print(f"Lectures                     {sum(figures.reads.values())}")
    for kind, number in figures.reads.most_common():
        print(f"  {kinds[kind]:<46} {number}")
    print(f"Plus longue attente          {figures.longest:.2f} s (limite {LONGEST:.0f} s)")
    for label, found in (
        ("Lectures fautives", figures.faults),
        ("Bonnes constructions perdues", figures.unexpected),
        ("Relations disparues", figures.dropped),
        ("Tables orphelines", figures.orphans),
    ):
        print(f"{label:<28} {len(found)}")
        for line in found[:10]:
            print(f"  {line}")


def main(arguments: Sequence[str]) -> int:
    """Prints the figures; 1 when a reader saw something of a build, or waited too long."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.readers")
    parser.add_argument("--rebuilds", type=int, default=1000)
    parser.add_argument("--readers", type=int, default=4)
    parser.add_argument("--pause", type=float, default=0.01, help="secondes entre deux lectures")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--serve", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.serve:
        _serve(given.serve)
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = EmbeddedServer(folder / "serveur", durable=False, preferred_port=0)
        try:
            server.start()
            server.ensure_database("mesure")
            conninfo = server.start().conninfo("mesure")
            (folder / "projet").mkdir()
            with contextlib.ExitStack() as stack:
                stack.callback(os.environ.update, dict(os.environ))
                os.environ.update(_environment(conninfo))
                figures = measure(
                    conninfo, folder / "projet", given.rebuilds, given.readers, given.pause, given.seed
                )
        finally:
            server.destroy()
    show(figures)
    return 0 if figures.good else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
