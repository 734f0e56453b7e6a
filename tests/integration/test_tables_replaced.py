"""A table that dbt rebuilds: checked before it takes the place of the old one, at no cost to its readers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.building import turns
from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.building.orphans import drop_orphans, find_orphans, say_orphans
from donnees_au_centre.building.results import NodeResult
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.settings import ROOT
from tests.small_project import SmallProject, borrowing_macros, small_project

OURS = borrowing_macros(
    "vars: {patience_verrou: 4}",
    "seeds: {donnees_au_centre: {+group: age, +post-hook: '{{ refuse_bad_key() }}'}}",
)
MARTS = "models/age/marts"
MANY = "select cast(n as text) as fase, 'x' as nom from generate_series(1, {}) as s (n)"


@pytest.fixture
def small(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    files = {"dbt_project.yml": OURS, f"{MARTS}/dim_ecoles.sql": MANY.format(100)}
    with small_project(tmp_path, database, files) as project:
        parsed = parse(project.settings)
        assert parsed.error is None, parsed.error
        load_landing(database, project.settings.landing, read_declarations(parsed.manifest.sources.values()))
        assert message(project, "dim_ecoles") == ""
        yield project


def played(project: SmallProject, selection: str, command: str = "build") -> list[NodeResult]:
    parsed = parse(project.settings)
    assert parsed.error is None, parsed.error
    run = DbtRun(project.settings, "essai", parsed.project, [command, "--select", selection])
    results = list(run.results())
    assert run.error is None
    return results


def build(project: SmallProject, selection: str) -> dict[str, str]:
    return {result.unique_id.split(".")[2]: result.status for result in played(project, selection)}


def message(project: SmallProject, selection: str, command: str = "build") -> str:
    return "\n".join(result.message for result in played(project, selection, command) if result.bad)


def count(project: SmallProject, table: str = "dim_ecoles") -> int:
    return project.query(f"select count(*) from age.{table}")[0][0]


def leftovers(project: SmallProject) -> list[str]:
    found = project.query(
        "select relname from pg_class where relname like '%\\_\\_dbt\\_%' and relkind in ('r', 'v')"
    )
    return [name for (name,) in found]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        (
            MANY.format(100) + " union all select '7', 'secret'",
            "valeurs de fase qui reviennent plusieurs fois : 1",
        ),
        (MANY.format(100) + " union all select null, 'secret'", "lignes sans fase : 1"),
        (MANY.format(8), "8 lignes, où l'ancienne en a 100"),
        (MANY.format(0), "0 lignes, où l'ancienne en a 100"),
    ],
    ids=["a key twice", "a key missing", "collapsed", "empty"],
)
def test_a_table_that_breaks_its_promise_replaces_nothing(small: SmallProject, sql: str, said: str) -> None:
    small.write(f"{MARTS}/dim_ecoles.sql", sql)
    refused = message(small, "dim_ecoles", "run")
    assert said in refused
    assert "Que faire" in refused and "secret" not in refused
    assert count(small) == 100
    # Where its key's tests are played before anybody reads it, they are what refuses it.
    states = build(small, "dim_ecoles")
    key = next(state for name, state in states.items() if ("not_null" if "null" in sql else "unique") in name)
    assert (states["dim_ecoles"], key) == (("skipped", "fail") if "fase" in said else ("error", "skipped"))
    assert count(small) == 100
    assert leftovers(small) == []


def test_a_fall_that_is_meant_is_said_and_passes(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    small.write(f"{MARTS}/dim_ecoles.sql", MANY.format(45))
    assert build(small, "dim_ecoles")["dim_ecoles"] == "success"
    small.write(f"{MARTS}/dim_ecoles.sql", MANY.format(5))
    with monkeypatch.context() as patch:
        patch.setenv("ACCEPTER_BAISSE", "1")
        assert build(small, "dim_ecoles")["dim_ecoles"] == "success"
    assert count(small) == 5
    # Of a handful of rows no share says anything; an empty mart does.
    small.write(f"{MARTS}/dim_ecoles.sql", MANY.format(1))
    assert build(small, "dim_ecoles")["dim_ecoles"] == "success"
    small.write(f"{MARTS}/dim_ecoles.sql", MANY.format(0))
    assert build(small, "dim_ecoles")["dim_ecoles"] == "error"
    small.write(f"{MARTS}/dim_ecoles.sql", "{{ config(meta={'baisse_max': 100}) }}" + MANY.format(0))
    assert build(small, "dim_ecoles")["dim_ecoles"] == "success"
    small.write(f"{MARTS}/dim_ecoles.sql", "{{ config(meta={'baisse_max': 'peu'}) }}" + MANY.format(3))
    assert "nombre de 0 à 100" in message(small, "dim_ecoles")


def test_a_withdrawn_delivery_may_take_its_rows_from_the_mart(small: SmallProject) -> None:
    reads = " union all select fase, nom from {{ ref('stg_ecoles__ecoles') }} where false"
    small.write(f"{MARTS}/dim_ecoles.sql", MANY.format(8) + reads)
    assert "8 lignes, où l'ancienne en a 100" in message(small, "+dim_ecoles")
    with psycopg.connect(small.conninfo, autocommit=True) as connection:
        connection.execute("alter table plateforme.chargements drop constraint chargements_statut_check")
        gone = (
            "insert into plateforme.chargements (domaine, source_nom, table_nom, fichier, statut, motif) "
            "values ('age', 'ecoles', 'ecoles', 'age/ecoles/ecoles.csv', 'retire', %s)"
        )
        # Refused, then taken away from the zone: it never had a row to lose.
        connection.execute(gone, [""])
        assert "8 lignes, où l'ancienne en a 100" in message(small, "dim_ecoles")
        connection.execute(gone, ["retire"])
    assert message(small, "dim_ecoles") == ""
    assert count(small) == 8


def test_only_tests_that_would_block_refuse_a_table(small: SmallProject) -> None:
    small.write(
        f"{MARTS}/dim_ecoles.yml",
        "version: 2\nmodels:\n  - name: dim_ecoles\n    columns:\n      - name: fase\n        data_tests:\n"
        "          - unique: {config: {where: \"nom <> 'ancien'\"}}\n"
        "          - not_null: {config: {severity: warn}}\n",
    )
    rows = " union all select '7', 'ancien' union all select null, 'x'"
    small.write(f"{MARTS}/dim_ecoles.sql", MANY.format(100) + rows)
    statuses = build(small, "dim_ecoles")
    assert statuses["dim_ecoles"] == "success"
    assert statuses["not_null_dim_ecoles_fase"] == "warn"
    small.write(f"{MARTS}/dim_ecoles.sql", MANY.format(100) + rows + " union all select '9', 'x'")
    assert "reviennent plusieurs fois : 1" in message(small, "dim_ecoles", "run")


class Reader:
    """A session that has read a relation and leaves its transaction open."""

    def __init__(self, project: SmallProject, sql: str) -> None:
        self.connection = psycopg.connect(project.conninfo, application_name="tableur d'essai")
        self.connection.execute(sql)

    def __enter__(self) -> Reader:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()


def longest_wait(project: SmallProject, sql: str, until: threading.Event) -> float:
    """The longest of many readings, in seconds."""
    longest = 0.0
    while not until.is_set():
        begun = time.monotonic()
        project.query(sql)
        longest = max(longest, time.monotonic() - begun)
        time.sleep(0.02)
    return longest


@pytest.mark.parametrize("kind", ["table", "view"])
def test_a_relation_in_use_is_left_named_and_costs_its_readers_nothing(
    small: SmallProject, kind: str
) -> None:
    name, relation = ("dim_ecoles", "age.dim_ecoles")
    if kind == "view":
        name, relation = ("stg_ecoles__ecoles", "age_staging.stg_ecoles__ecoles")
        build(small, name)
    waits: list[float] = []
    done = threading.Event()
    third = threading.Thread(
        target=lambda: waits.append(longest_wait(small, f"select count(*) from {relation}", done))
    )
    with Reader(small, f"select * from {relation}"):
        third.start()
        refused = message(small, name)
        done.set()
        third.join()
    assert ("n'a pas pu être remplacée" if kind == "view" else "n'ont pas pu être offerts") in refused
    assert "rôle " in refused and "tableur d'essai" in refused and "au repos dans une transaction" in refused
    assert "pg_terminate_backend" in refused
    assert waits[0] < 3
    assert count(small) == 100
    # Nobody reads it any more.
    assert build(small, name)[name] == "success"


def test_a_reader_that_ends_in_time_lets_the_table_pass(small: SmallProject) -> None:
    reader = Reader(small, "select * from age.dim_ecoles")
    threading.Timer(1.5, reader.connection.close).start()
    small.write(f"{MARTS}/dim_ecoles.sql", MANY.format(101))
    assert build(small, "dim_ecoles")["dim_ecoles"] == "success"
    assert count(small) == 101


SEED = """
version: 2
seeds:
  - name: codes
    config: {{column_types: {{{}}}}}
    columns: [{{name: code, data_tests: [unique]}}]
"""


def test_a_seed_follows_its_file(small: SmallProject) -> None:
    def seed(text: str, types: str) -> list[tuple]:
        small.write("seeds/age/codes.csv", text)
        small.write("seeds/age/_seeds.yml", SEED.format(types))
        assert message(small, "codes") == ""
        return small.query("select * from age_reference.codes")

    assert seed("code,nom\n007,Un\n", "code: integer, nom: text") == [(7, "Un")]
    # The type changed.
    assert seed("code,nom\n007,Un\n", "code: text, nom: text") == [("007", "Un")]
    oid = small.query("select 'age_reference.codes'::regclass::oid")
    # Only rows changed: the table stays, with what reads it.
    assert seed("code,nom\n008,Deux\n", "code: text, nom: text") == [("008", "Deux")]
    assert small.query("select 'age_reference.codes'::regclass::oid") == oid
    # A column came, changed its name, went.
    assert seed("code,nom,note\n1,Un,b\n", "code: text, nom: text, note: text") == [("1", "Un", "b")]
    assert seed("code,nom,mot\n1,Un,b\n", "code: text, nom: text, mot: text") == [("1", "Un", "b")]
    assert seed("code,mot\n1,b\n", "code: text, mot: text") == [("1", "b")]
    small.write("seeds/age/codes.csv", "code,mot\n2,c\n2,d\n")
    assert "valeurs de code qui reviennent plusieurs fois : 1" in message(small, "codes")
    assert small.query("select * from age_reference.codes") == [("1", "b")]
    with Reader(small, "select * from age_reference.codes"):
        assert "age_reference.codes n'a pas pu être remplacée" in message(small, "codes")


def test_a_second_build_of_a_domain_waits_in_words_and_another_domain_does_not(
    small: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    parsed = parse(small.settings)

    def play(selection: str) -> DbtRun:
        run = DbtRun(small.settings, "essai", parsed.project, ["run", "--select", selection], said.append)
        assert [result for result in run.results() if result.bad] == []
        return run

    nodes = parsed.project.nodes
    age = turns.built_domains(nodes, ["model.donnees_au_centre.dim_ecoles"])
    assert list(age) == ["age"]
    with psycopg.connect(small.conninfo, autocommit=True) as other, turns.turn(other, age, print):
        assert play("fct_tout").error is None
        assert said == []
        monkeypatch.setattr(turns, "PATIENCE", 1.0)
        refused = play("dim_ecoles").error
        assert refused is not None and "age est construit par la session" in refused
        assert "Que faire" in refused and "Error" not in refused
        assert f"session {other.info.backend_pid} (rôle " in said[0] and "attend son tour" in said[0]
        monkeypatch.setattr(turns, "PATIENCE", 60.0)
        # Killed without a word: its turn ends with its connection.
        threading.Timer(
            2, lambda: small.query(f"select pg_terminate_backend({other.info.backend_pid})")
        ).start()
        assert play("dim_ecoles").error is None


BUILD = """
import sys
from pathlib import Path
from donnees_au_centre.cli.project import build
from tests.small_project import settings_of
from dataclasses import replace
settings = replace(settings_of(Path(sys.argv[1])), target="ci")
try:
    build(settings, {"SELECT": "dim_rapide+"})
except KeyboardInterrupt:
    print("Interrompu.", flush=True)
"""
SLEEPING = (
    "select count(*) from pg_stat_activity where query like '%pg_sleep(61)%' and pid <> pg_backend_pid()"
)


def interrupt_build(project: SmallProject, sign: signal.Signals) -> str:
    """Starts a build that works for a minute, ends it by a signal, and returns what it said."""
    process = subprocess.Popen(
        [sys.executable, "-c", BUILD, str(project.root)],
        cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        # A shell that runs a script starts what ends with & deaf to Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )  # fmt: skip
    deadline = time.monotonic() + 90
    while project.query(SLEEPING) == [(0,)] and time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()[0]
        time.sleep(0.2)
    process.send_signal(sign)
    said = process.communicate(timeout=60)[0]
    while project.query(SLEEPING) != [(0,)] and time.monotonic() < deadline:
        time.sleep(0.2)
    assert project.query(SLEEPING) == [(0,)], "the query outlived its build"
    return said


def test_a_build_that_is_killed_or_interrupted_is_in_the_history(small: SmallProject) -> None:
    small.add_mart("dim_rapide", "select '1' as fase")
    small.write(
        f"{MARTS}/dim_lente.sql",
        "select fase from {{ ref('dim_rapide') }} cross join (select pg_sleep(61)) as attente",
    )
    interrupt_build(small, signal.SIGKILL)
    said = interrupt_build(small, signal.SIGINT)
    assert said.rstrip().endswith("Interrompu.")
    assert "Traceback" not in said and "KeyboardInterrupt" not in said
    found = small.query(
        "select e.issue, e.lanceur, bool_or(n.unique_id like '%_dim_rapide_fase%' and r.statut = 'reussi') "
        "from historique.executions as e inner join historique.resultats as r using (execution_id) "
        "inner join historique.noeuds as n using (noeud_id) group by e.execution_id"
    )
    assert found == [("interrompu", "make build", True)] * 2


def test_what_no_model_names_any_more_is_listed_and_dropped_on_demand(
    small: SmallProject, capsys: pytest.CaptureFixture[str]
) -> None:
    small.add_mart("dim_vieille", "select '1' as fase union all select '2'")
    assert message(small, "dim_vieille") == ""
    with psycopg.connect(small.conninfo, autocommit=True) as connection:
        assert find_orphans(connection, parse(small.settings).manifest) == []
        for suffix in ("sql", "yml"):
            (small.root / f"{MARTS}/dim_vieille.{suffix}").unlink()
        connection.execute("create view age.lecture as select * from age.dim_vieille")
        connection.execute("create view public.ailleurs as select * from age.lecture")
        manifest = parse(small.settings).manifest
        orphans = find_orphans(connection, manifest)
        table = orphans[-1].label
        assert [one.label for one in orphans] == ["age.dim_vieille", "age.lecture", table]
        assert table.startswith("age_versions.dim_vieille__v")
        say_orphans(small.conninfo, manifest)
        assert f"  age.dim_vieille (vue)\n  age.lecture (vue)\n  {table} (2 lignes environ)" in (
            capsys.readouterr().err
        )
        with pytest.raises(PlatformError, match="lecture est lue par ailleurs"), connection.transaction():
            drop_orphans(connection, orphans)
        connection.execute("drop view public.ailleurs")
        with connection.transaction():
            assert drop_orphans(connection, orphans) == {"age.lecture": 0, "age.dim_vieille": 0, table: 2}
        assert find_orphans(connection, manifest) == []
