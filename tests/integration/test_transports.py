"""The two ways in which Dagster's steps run dbt: by the same project they come to the same."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import dagster as dg
import psycopg
import pytest

from donnees_au_centre.building.dbt_run import runs_folder
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project import parse
from donnees_au_centre.settings import CHILD, INSIDE, ROOT, TRANSPORTS, Settings
from orchestration.child_run import ChildRun, dbt_run
from orchestration.factory import build_definitions
from orchestration.work import Journal
from tests.memory import recall
from tests.small_project import SmallProject, borrowing_macros, small_project

QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
# Of no meaning: moments, lengths of time, what one run has and no other.
PASSING = re.compile(r"\d+(?:er)? \w+ \d{4} à \d\d:\d\d|__[vc]\d+\w*|\d+,\d s")
# Columns of the state that builds keep: the numbers by which the database knows a table.
KNOWN_BY = ("identite", "lectures")


@dataclass
class Story:
    """What a run left behind."""

    events: list[Any]
    results: list[Any]
    said: list[str]
    errors: list[str]
    history: list[Any]
    rows: dict[str, list[Any]]


def passing(text: object) -> str:
    return PASSING.sub("…", str(text))


def all_rows(conninfo: str, schemas: str) -> dict[str, list[Any]]:
    """The rows of every relation, without what differs from a minute to the next."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        found: dict[str, list[str]] = {}
        for schema, table, column in connection.execute(
            "select c.table_schema, c.table_name, quote_ident(c.column_name) "
            "from information_schema.columns as c where c.table_schema ~ %s "
            "and c.data_type <> 'timestamp with time zone' and c.column_name <> all(%s) "
            "order by c.ordinal_position",
            [schemas, list(KNOWN_BY)],
        ):
            found.setdefault(f'{schema}."{table}"', []).append(column)
        return {
            passing(name): sorted(
                tuple(map(passing, row))
                for row in connection.execute(f"select {', '.join(columns)} from {name}")
            )
            for name, columns in found.items()
        }


def play(project: SmallProject, transport: str) -> Story:
    settings = replace(project.settings, transport=transport)
    parsed = parse(settings)
    journal, said = Journal(), []
    definitions = build_definitions(
        settings, parsed.manifest, ["age", "transversal"], "essai", journal, parsed, said.append
    )
    with dg.DagsterInstance.ephemeral() as instance:
        done = definitions.resolve_job_def("essai").execute_in_process(
            instance=instance, raise_on_error=False, run_config=QUIET
        )
    events = []
    for event in done.all_events:
        specific = event.event_specific_data
        held = getattr(specific, "materialization", None) or specific
        if event.event_type_value in ("ASSET_MATERIALIZATION", "ASSET_CHECK_EVALUATION"):
            key = event.asset_key or held.asset_key
            told = {name: passing(value) for name, value in held.metadata.items() if name != "durée (s)"}
            check = getattr(held, "check_name", None), getattr(held, "passed", None)
            events.append((key.to_user_string(), check, str(getattr(held, "severity", "")), told))
            events[-1] += (passing(held.description),)
        else:
            events.append((event.event_type_value, str(event.step_key)))
    # dbt plays nodes side by side: in what order they end is chance.
    return Story(
        sorted(map(repr, events)),
        sorted(repr(replace(one, seconds=0, message=passing(one.message))) for one in journal.nodes),
        said,
        sorted(map(passing, journal.errors)),
        sorted(
            project.query(
                "select n.unique_id, r.statut, r.fautes, r.lignes, m.message is null "
                "from historique.resultats as r inner join historique.noeuds as n using (noeud_id) "
                "left join historique.messages as m using (execution_id, noeud_id)"
            ),
            key=repr,
        ),
        all_rows(project.conninfo, "^(age|transversal)"),
    )


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database) as project:
        yield project


def start_over(small: SmallProject) -> None:
    """Takes everything out of the database."""
    with psycopg.connect(small.conninfo, autocommit=True) as connection:
        for (schema,) in connection.execute(
            "select quote_ident(nspname) from pg_namespace "
            "where nspname !~ '^(pg_|information_schema|public)'"
        ).fetchall():
            connection.execute(f"drop schema {schema} cascade")


def test_both_come_to_the_same(small: SmallProject) -> None:
    small.write("dbt_project.yml", borrowing_macros("seeds: {donnees_au_centre: {age: {+group: age}}}"))
    recall(small.settings)
    small.write("seeds/age/codes.csv", "code,nom\n1,Un\n2,\n")
    small.write(
        "seeds/age/_codes.yml",
        "seeds: [{name: codes, config: {meta: {revue: 2027-11-15}}, columns: [{name: nom, data_tests: "
        "[{not_null: {config: {severity: warn}}}]}]}]",
    )
    stories = {}
    for transport in TRANSPORTS:
        start_over(small)
        small.write("landing/age/batiments/batiments.csv", "fase,nom\n1,Un\n2,Deux\n")
        assert play(small, INSIDE).errors == []
        # A key twice fails its test, and stops the mart made of it.
        small.write("landing/age/batiments/batiments.csv", "fase,nom\n1,Un\n1,Deux\n")
        stories[transport] = play(small, transport)
    inside, child = (stories[transport] for transport in TRANSPORTS)
    assert "unique_stg_batiments__batiments_fase" in "".join(inside.errors)
    statuses = "".join(inside.results)
    for status in ("'warn'", "'fail'", "'skipped'", "'success'", 'message="repris'):
        assert status in statuses.lower(), statuses
    assert {'age."dim_ecoles"', 'age_reference."codes"'} <= inside.rows.keys()
    for part in fields(Story):
        assert getattr(child, part.name) == getattr(inside, part.name), part.name


def waiting(small: SmallProject, seconds: int) -> str:
    """Where a mart sleeps: the query that counts those who do."""
    small.add_mart("dim_rapide", "select 1 as fase")
    small.add_mart("dim_lente", f"select 1 as fase from (select pg_sleep({seconds})) as attente")
    return (
        f"select count(*) from pg_stat_activity where query like '%pg_sleep({seconds})%' "
        "and state = 'active' and pid <> pg_backend_pid()"
    )


def until(reached: Callable[[], bool], patience: float = 120) -> None:
    deadline = time.monotonic() + patience
    while not reached() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert reached()


def test_a_child_ends_with_who_listens_and_with_who_started_it(small: SmallProject) -> None:
    asleep = waiting(small, 131)
    settings = replace(small.settings, transport=CHILD)
    arguments = ["run", "--select", "dim_rapide", "dim_lente"]
    run = dbt_run(settings, "age", parse(settings).project, arguments)
    assert isinstance(run, ChildRun)
    results = run.results()
    assert next(results).unique_id.endswith("dim_rapide")
    until(lambda: small.query(asleep) == [(1,)])
    results.close()
    assert small.query(asleep) == [(0,)]
    assert [path.name for path in (runs_folder(settings) / "age").iterdir() if path.is_dir()] == []
    # Killed, who started it can say nothing.
    code = (
        "import sys; from pathlib import Path; from dataclasses import replace\n"
        "from orchestration.child_run import dbt_run; from donnees_au_centre.project import parse\n"
        "from donnees_au_centre.settings import Settings\n"
        "root = Path(sys.argv[1]); target = root / 'target' / 'essai'\n"
        "settings = replace(Settings.load({'DBT_TRANSPORT': 'enfant'}), root=root, target_path=target)\n"
        "project = parse(settings).project\n"
        "list(dbt_run(settings, 'age', project, ['run', '-s', 'dim_rapide', 'dim_lente']).results())"
    )
    starter = subprocess.Popen([sys.executable, "-c", code, str(small.root)], cwd=ROOT)
    until(lambda: small.query(asleep) == [(1,)])
    starter.kill()
    starter.wait()
    until(lambda: small.query(asleep) == [(0,)])


def test_a_child_that_dies_or_finds_no_server_says_so(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = replace(small.settings, transport=CHILD)
    project = parse(settings).project
    monkeypatch.setenv("PGPORT", "1")
    said = []
    for transport in (INSIDE, CHILD):
        run = dbt_run(replace(settings, transport=transport), "age", project, ["run"])
        assert list(run.results()) == []
        said.append(run.error)
    assert said[0] == said[1] is not None
    monkeypatch.setattr(sys, "executable", "/bin/false")
    run = dbt_run(settings, "age", project, ["run"])
    assert list(run.results()) == []
    assert "s'est arrêté en chemin (code 1)" in (run.error or "")


def test_only_two_ways_are_known() -> None:
    assert Settings.load({}).transport == INSIDE
    assert Settings.load({"DBT_TRANSPORT": "enfant"}).transport == CHILD
    with pytest.raises(PlatformError, match=r"DBT_TRANSPORT=pigeon n'existe pas.\n.*interne, enfant"):
        Settings.load({"DBT_TRANSPORT": "pigeon"})
