"""Macro calls turned into SQL by dbt itself, for PostgreSQL and for Denodo, without any server.

One small dbt project holds models of a few calls each, beside the macros and the seeds of this one; dbt
compiles all of them in one invocation. A call that a macro refuses costs the others nothing: those of its
model are rendered again, each in a model of its own, as those that are known to be refused are at once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import json
import os
import shutil
from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from donnees_au_centre.portability.compilation import every_error
from donnees_au_centre.settings import NO_TELEMETRY, ROOT

PROJECT = """
name: donnees_au_centre
version: "1.0"
config-version: 2
profile: donnees_au_centre
models: {donnees_au_centre: {+group: commun}}
seeds: {donnees_au_centre: {+group: commun}}
flags:
  send_anonymous_usage_stats: false
"""
PROFILES = """
donnees_au_centre:
  outputs:
    postgres:
      {type: postgres, host: 127.0.0.1, port: 1, user: personne, password: "", dbname: DATABASE,
       schema: donnees, threads: 1}
    denodo: DENODO
"""
# A model that calls macros. At parse time nothing runs, so that a refusal is the model's own.
MODEL = "{{% set _ = ref('chiffres') %}}{{% if execute %}}{calls}{{% endif %}}"
# Between two calls of a model; no macro writes it.
BETWEEN = "\n--@@--\n"
# Calls in a model: dbt takes longer for a model than for what is in it.
TOGETHER = 20
# What macros that read the description of a source find: the cases make the table, in their session.
SOURCES = """
version: 2
groups:
  - {name: commun, owner: {name: Direction, email: owner.commun@fwb.example}}
sources:
  - name: essai
    schema: pg_temp
    tables:
      - name: recues
        columns:
          - {name: cle}
          - {name: reseau}
          - {name: nom, config: {meta: {donnee_personnelle: identifiante}}}
          - {name: note}
"""
ENGINES = ("postgres", "denodo")


@dataclass(frozen=True)
class Rendered:
    """What dbt made of one call.

    Attributes:
        call: as given.
        sql: the text that stands in its place; None when it was refused.
        refusal: the message of the refusal; None when there is SQL.
    """

    call: str
    sql: str | None
    refusal: str | None


def render(
    calls: Sequence[str],
    engine: str,
    folder: Path,
    database: str = "donnees_au_centre",
    refused: Collection[str] = (),
) -> list[Rendered]:
    """Renders macro calls, in their order.

    Args:
        calls: Jinja texts, such as `{{ left('t', 3) }}`.
        engine: `postgres` or `denodo`.
        folder: where to work; emptied first.
        database: the name of the PostgreSQL database in which the SQL will run, which `ref` writes out.
        refused: those of the calls that are expected to be.

    Raises:
        RuntimeError: dbt could not read the macros, or does not know the engine.
    """
    others = [call for call in calls if call not in refused]
    groups = [others[start : start + TOGETHER] for start in range(0, len(others), TOGETHER)]
    found: dict[str, Rendered] = {}
    again: list[list[str]] = []
    for group, answer in _compiled([*groups, *([call] for call in refused)], engine, folder, database):
        if str(answer.status) != "error":
            texts = (answer.node.compiled_code or "").split(BETWEEN.strip())
            found |= {call: Rendered(call, sql.strip(), None) for call, sql in zip(group, texts, strict=True)}
        elif len(group) == 1:
            found[group[0]] = Rendered(group[0], None, answer.message)
        else:
            again += [[call] for call in group]
    for (call,), answer in _compiled(again, engine, folder, database):
        failed = str(answer.status) == "error"
        sql = None if failed else (answer.node.compiled_code or "").strip()
        found[call] = Rendered(call, sql, answer.message if failed else None)
    return [found[call] for call in calls]


def _compiled(
    groups: Sequence[Sequence[str]], engine: str, folder: Path, database: str
) -> list[tuple[Sequence[str], Any]]:
    """Each group of calls, with what dbt answers for the model that holds it."""
    from dbt.cli.main import dbtRunner

    if not groups:
        return []
    _write(folder, groups, database)
    arguments = [
        *("compile", "--target", engine, "--threads", "1", "--select", "resource_type:model", "--quiet"),
        *("--project-dir", str(folder), "--profiles-dir", str(folder), "--log-path", str(folder / "logs")),
        *("--target-path", str(folder / "target"), "--no-partial-parse", "--no-write-json"),
        *("--no-introspect", "--no-populate-cache"),
    ]
    with _silent(), _environment(), every_error():
        done = dbtRunner().invoke(arguments)
    if done.result is None:
        raise RuntimeError(f"dbt cannot render for {engine}: {done.exception}")
    answers = {result.node.name: result for result in done.result}
    return [(group, answers[_name(number)]) for number, group in enumerate(groups)]


class Renderings:
    """Calls rendered together, once for each engine, when the first of them is asked for.

    What dbt made of them is kept as long as nothing changes of what it is made from, so that the processes
    of a run, and the next run, need not ask it again.
    """

    def __init__(
        self, calls: Sequence[str], folder: Path, database: str, kept: Path, refused: Sequence[str] = ()
    ) -> None:
        """Takes what `render` takes; a call may be there twice.

        Args:
            kept: the folder where the answers are kept.
        """
        self._calls = list(dict.fromkeys(calls))
        self._folder = folder
        self._database = database
        self._kept = kept
        self._refused = list(dict.fromkeys(refused))
        self._found: dict[str, dict[str, Rendered]] = {}

    def find(self, engine: str, call: str) -> Rendered:
        """What became of one of the calls."""
        if engine not in self._found:
            self._found[engine] = {one.call: one for one in self._all(engine)}
        return self._found[engine][call]

    def _all(self, engine: str) -> list[Rendered]:
        self._kept.mkdir(parents=True, exist_ok=True)
        file = self._kept / f"{engine}-{_fingerprint(self._calls, self._database)}.json"
        with (self._kept / f"{engine}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if file.exists():
                return [Rendered(**one) for one in json.loads(file.read_text(encoding="utf-8"))]
            done = render(self._calls, engine, self._folder / engine, self._database, self._refused)
            for old in self._kept.glob(f"{engine}-*.json"):
                old.unlink()
            file.write_text(json.dumps([asdict(one) for one in done]), encoding="utf-8")
            return done

    def sql(self, engine: str, call: str) -> str:
        """The SQL of a call.

        Raises:
            ValueError: it was refused.
        """
        rendered = self.find(engine, call)
        if rendered.sql is None:
            raise ValueError(f"{call} ne compile pas pour {engine} : {rendered.refusal}")
        return rendered.sql


def _fingerprint(calls: Sequence[str], database: str) -> str:
    """Changes with anything that has a part in what dbt makes of the calls."""
    files = [
        *sorted((ROOT / "macros").rglob("*.sql")),
        *sorted(file for file in (ROOT / "denodo" / "adapter").rglob("*") if file.suffix in (".py", ".sql")),
        *(ROOT / "seeds" / "commun" / "chiffres.csv", ROOT / "profiles" / "profiles.yml", Path(__file__)),
    ]
    packages = [f"{name} {version(name)}" for name in ("dbt-core", "dbt-postgres", "dbt-adapters", "Jinja2")]
    digest = hashlib.sha256("\0".join([*calls, database, *packages]).encode())
    for file in files:
        digest.update(f"\0{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:24]


def _name(number: int) -> str:
    return f"appel_{number:04}"


def _write(folder: Path, groups: Sequence[Sequence[str]], database: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    # generate_schema_name wants the folders of a domain, and its group.
    models = folder / "models" / "commun" / "staging"
    seeds = folder / "seeds" / "commun"
    models.mkdir(parents=True)
    seeds.mkdir(parents=True)
    shutil.copytree(ROOT / "macros", folder / "macros", ignore=shutil.ignore_patterns("*.yml"))
    shutil.copy(ROOT / "seeds" / "commun" / "chiffres.csv", seeds)
    (models / "_essai__sources.yml").write_text(SOURCES, encoding="utf-8")
    for number, group in enumerate(groups):
        text = MODEL.format(calls=BETWEEN.join(group))
        (models / f"{_name(number)}.sql").write_text(text, encoding="utf-8")
    (folder / "dbt_project.yml").write_text(PROJECT, encoding="utf-8")
    (folder / "profiles.yml").write_text(
        PROFILES.replace("DATABASE", database).replace("DENODO", _denodo_output()), encoding="utf-8"
    )


def _denodo_output() -> str:
    """The `denodo` target of the project, whose variables all have defaults."""
    profiles = yaml.safe_load((ROOT / "profiles" / "profiles.yml").read_text(encoding="utf-8"))
    output = profiles["donnees_au_centre"]["outputs"].get("denodo", {"type": "denodo"})
    return yaml.safe_dump({**output, "threads": 1}, default_flow_style=True, width=10_000).strip()


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """dbt's refusals are the results here, not something to show."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield


@contextlib.contextmanager
def _environment() -> Iterator[None]:
    former = dict(os.environ)
    os.environ.update({**NO_TELEMETRY, "DBT_TARGET": ""})
    del os.environ["DBT_TARGET"]
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(former)
