"""After a load and a build that fail on them, no log and no artefact holds the values of people."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from dbt.adapters.postgres.connections import PostgresConnectionManager

from donnees_au_centre.audit import anchor_file, verify
from donnees_au_centre.audit.anchors import read_anchors
from donnees_au_centre.audit.reading import grant_reading, reading_state, trace_reading
from donnees_au_centre.building import dbt_run
from donnees_au_centre.building.dbt_run import runs_folder
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from donnees_au_centre.project.reader import PARTIAL_PARSE
from donnees_au_centre.settings import ROOT
from orchestration import work
from orchestration.whole_project import NAME, materialise
from tests.small_project import SmallProject, small_project

# As dbt has it: test files are read before anything is replaced in it.
PLAIN = PostgresConnectionManager.exception_handler
# Invented; what no other text holds.
PEOPLE = ("Zéphyrine Quatrefages", "85.01.02-113.57", "Anatole Vandermeersch", "1985-13-45")
ROWS = """fase,nom
1,Zéphyrine Quatrefages
2,85.01.02-113.57
3,1985-13-45
3,Anatole Vandermeersch
3,trop,de,champs,Zéphyrine Quatrefages
"""
STAGING = "models/age/staging/ecoles/stg_ecoles__ecoles"
# Each fails on the rows, and PostgreSQL's message quotes one.
FAULTY = {
    "fct_nombre": "select fase, cast(nom as integer) as nombre from {{ ref('stg_ecoles__ecoles') }}",
    "fct_date": "select cast(nom as date) as jour from {{ ref('stg_ecoles__ecoles') }} where fase = '3'",
    "fct_jour": "select fase, to_date(nom, 'MM') as jour from {{ ref('stg_ecoles__ecoles') }}",
    # What Python says of the cell quotes it too.
    "fct_python": (
        "{% set lue = ref('stg_ecoles__ecoles') %}select '{{ modules.datetime.datetime.strptime("
        "run_query('select max(nom) from ' ~ lue).columns[0].values()[0], '%Y') if execute }}' as jour"
    ),
    "fct_unique": (
        "{{ config(post_hook='create unique index on {{ this }} (nom)') }}"
        "select fase, nom from {{ ref('stg_ecoles__ecoles') }} "
        "union all select fase, nom from {{ ref('stg_ecoles__ecoles') }}"
    ),
    "fct_rempli": (
        "{{ config(post_hook='alter table {{ this }} add check (length(nom) < 3)') }}"
        "select fase, nom from {{ ref('stg_ecoles__ecoles') }}"
    ),
    "fct_sous_requete": (
        "select fase, cast((select max(nom) from {{ ref('stg_ecoles__ecoles') }}) as bigint) as nom "
        "from {{ ref('dim_batiments') }}"
    ),
}
TESTED = """
version: 2
models:
  - name: dim_ecoles
    columns:
      - name: nom
        config: {meta: {donnee_personnelle: identifiant_direct}}
        data_tests: [{accepted_values: {arguments: {values: [Un]}}}, {unique: {name: nom_unique}}]
      - name: fase
        data_tests: [unique]
"""


@pytest.fixture
def faulty(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    with small_project(tmp_path, database) as project:
        project.write("landing/age/ecoles/ecoles.csv", ROWS)
        for name, query in FAULTY.items():
            project.add_mart(name, query)
        project.write("models/age/marts/dim_ecoles.yml", TESTED)
        # Its key is not unique: the tests of the staging view would keep the rest from being built.
        project.write(f"{STAGING}.yml", "")
        yield project


def holding(folder: Path) -> dict[str, list[str]]:
    """The files below a folder that hold a value, landing zone and server left out."""
    found = {}
    for path in folder.rglob("*"):
        if not path.is_file() or path.relative_to(folder).parts[0] in ("landing", ".warehouse"):
            continue
        content = path.read_bytes()
        held = [
            value
            for value in PEOPLE
            if value.encode() in content or json.dumps(value)[1:-1].encode() in content
        ]
        if held:
            found[str(path.relative_to(folder))] = held
    return found


def stored(project: SmallProject) -> set[str]:
    """The tables that hold a value, outside what was received and what was built of it."""
    tables = project.query(
        "select table_schema || '.' || table_name from information_schema.tables "
        "where table_schema !~ '^(pg_|information_schema|raw_|donnees)'"
    )
    return {
        table
        for (table,) in tables
        for (row,) in project.query(f"select t.*::text from {table} as t")
        if any(value in row for value in PEOPLE)
    }


def test_a_failing_run_leaves_no_value_in_logs_artefacts_and_events(faulty: SmallProject) -> None:
    said: list[str] = []
    outcome = materialise(faulty.settings, progress=said.append)
    assert not outcome.success
    results = json.loads((runs_folder(faulty.settings) / NAME / "run_results.json").read_text("utf-8"))[
        "results"
    ]
    statuses = {result["unique_id"].split(".")[2]: result["status"] for result in results}
    assert {name: statuses[name] for name in FAULTY} == dict.fromkeys(FAULTY, "error")
    assert statuses["nom_unique"] == "pass" and "fail" in statuses.values()
    everything = "\n".join([*said, *outcome.errors])
    assert not [value for value in PEOPLE if value in everything], everything
    # What failed is told all the same.
    assert "[SQLSTATE 22P02" in everything and "[SQLSTATE 23505 ; contrainte fct_unique" in everything
    assert holding(faulty.root) == {}
    assert stored(faulty) == set()
    assert faulty.query("select texte from raw_age.rejets_chargement")[0][0].endswith("Zéphyrine Quatrefages")


def test_the_run_stands_in_the_journal_in_counts(faulty: SmallProject) -> None:
    materialise(faulty.settings, progress=lambda line: None)
    load, build = faulty.query(
        "select action, objet, details from audit.journal where action <> 'historique' order by id"
    )
    assert load[:2] == ("chargement", NAME)
    assert load[2]["issue"] == "reussi"
    assert (load[2]["lignes"], load[2]["rejets"]) == (6, 1)
    assert build[:2] == ("construction", NAME)
    assert build[2]["issue"] == "echec" and build[2]["cible"] == "dev" and build[2]["duree_s"] > 0
    assert build[2]["noeuds"]["model"]["error"] == len(FAULTY)
    with psycopg.connect(faulty.conninfo, autocommit=True) as connection:
        anchors = read_anchors(anchor_file(faulty.settings))
        assert len(anchors) == 3
        assert verify(connection, anchors).faults == ()


def test_dbt_alone_leaves_no_value_either(faulty: SmallProject) -> None:
    parsed = parse(faulty.settings)
    load_landing(
        faulty.conninfo, faulty.settings.landing, read_declarations(parsed.manifest.sources.values())
    )
    target, logs = faulty.root / "target" / "seul", faulty.root / "logs"
    target.mkdir()
    shutil.copy(faulty.settings.target_path / PARTIAL_PARSE, target)
    done = subprocess.run(
        [
            sys.executable, "-m", "donnees_au_centre.audit.discretion", "--log-level-file", "debug", "build",
            "--project-dir", faulty.root, "--profiles-dir", faulty.root / "profiles",
            "--target", faulty.settings.target, "--target-path", target, "--log-path", logs,
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "SQLSTATE 22P02" in done.stdout
    assert not [value for value in PEOPLE if value in done.stdout + done.stderr]
    assert (logs / "dbt.log").stat().st_size > 10_000
    assert holding(faulty.root) == {}


def test_without_its_discretion_dbt_would_quote_them(
    faulty: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search above would find something."""
    monkeypatch.setattr(PostgresConnectionManager, "exception_handler", PLAIN)
    monkeypatch.setattr(dbt_run, "prepare", lambda: None)
    outcome = materialise(faulty.settings, progress=lambda line: None)
    assert any(PEOPLE[0] in error for error in outcome.errors)
    assert len(holding(faulty.root)) >= 2


def test_a_run_that_cannot_be_noted_ends_red_and_is_not_lost(
    faulty: SmallProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise work.PlatformError("Le travail est fait, mais le journal d'audit ne l'a pas noté.", "Voyez.")

    for name in FAULTY:
        (faulty.root / f"models/age/marts/{name}.sql").unlink()
        (faulty.root / f"models/age/marts/{name}.yml").unlink()
    (faulty.root / "models/age/marts/dim_ecoles.yml").unlink()
    (faulty.root / "models/transversal/marts/fct_tout.yml").unlink()
    monkeypatch.setattr(work, "note_run", refuse)
    outcome = materialise(faulty.settings, progress=lambda line: None)
    assert not outcome.success
    assert [error.split(",")[0] for error in outcome.errors] == ["Le travail est fait"] * 2
    assert faulty.query("select count(*) from donnees.dim_ecoles") == [(4,)]


def test_reading_is_said_not_to_be_traced_where_pgaudit_is_not(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("set pgaudit.role = 'audit_lecture'")
        state = trace_reading(connection, [])
        if connection.execute("select 1 from pg_available_extensions where name = 'pgaudit'").fetchone():
            pytest.skip("this server has pgaudit")
        assert state == reading_state(connection)
        assert not state.traced
        assert "n'est pas tracée" in state.remark and "pgaudit n'est pas là" in state.remark


def test_the_reader_of_pgaudit_may_read_the_sensitive_relations_and_no_other(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        from donnees_au_centre.audit import ensure_journal

        ensure_journal(connection)
        connection.execute("create schema agaj")
        for name in ("a", "b", "c"):
            connection.execute(f"create table agaj.{name} (n integer)")

        def readable() -> list[str]:
            return [
                name
                for name in ("a", "b", "c")
                if connection.execute(
                    "select has_table_privilege('audit_lecture', %s, 'select')", [f"agaj.{name}"]
                ).fetchone()
                == (True,)
            ]

        grant_reading(connection, {("agaj", "a"), ("agaj", "b"), ("agaj", "absente")})
        assert readable() == ["a", "b"]
        # dbt has made it again.
        connection.execute("drop table agaj.b")
        connection.execute("create table agaj.b (n integer)")
        grant_reading(connection, {("agaj", "b"), ("agaj", "c")})
        assert readable() == ["b", "c"]
        grant_reading(connection, set())
        assert readable() == []
