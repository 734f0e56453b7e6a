"""What a branch changes is tried in schemas of its own, over what stands, and nothing of it stays."""

from __future__ import annotations

import json
import random
import shutil
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.building.terminal import TerminalRun
from donnees_au_centre.building.trials import drop_abandoned, trial
from donnees_au_centre.cli.slim import _alone, slim, slim_drop
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from tests.memory import recall
from tests.small_project import MODEL, SmallProject, borrowing_macros, small_project

TRIED = "select nspname from pg_namespace where nspname like 'mr\\_%' order by 1"


UNIT = """
unit_tests:
  - name: les_noms_restent
    model: dim_ecoles
    given:
      - {{input: ref('stg_ecoles__ecoles'), rows: [{{fase: 1, nom: Un}}]}}
    expect: {{rows: [{{nom: {name}}}]}}
"""


def make(connection: psycopg.Connection, prefix: str) -> None:
    for layer in ("", "_versions", "_staging"):
        connection.execute(f"create schema {prefix}_age{layer}")
    connection.execute(f"create table {prefix}_age_versions.t as select 1 as a")
    connection.execute(f"create view {prefix}_age.v as select a from {prefix}_age_versions.t")


def test_a_hundred_merge_requests_leave_nothing(database: str) -> None:
    chance = random.Random(4)
    with psycopg.connect(database, autocommit=True) as witness:
        # Somebody else's, whose name begins alike.
        witness.execute("create schema mr_dupont_age")
        for number in range(1, 101):
            connection = psycopg.connect(database, autocommit=True)
            end = chance.choice(["good", "failed", "killed"])
            held = trial(connection, number)
            make(connection, held.__enter__())
            if end == "good":
                held.__exit__(None, None, None)
            elif end == "failed":
                held.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
            else:
                witness.execute("select pg_terminate_backend(%s)", [connection.info.backend_pid])
                with pytest.raises(psycopg.OperationalError):
                    held.__exit__(None, None, None)
            connection.close()
        left = witness.execute(TRIED).fetchall()
        assert len(left) > 60
        with psycopg.connect(database, autocommit=True) as busy, trial(busy, 200) as prefix:
            make(busy, prefix)
            with pytest.raises(PlatformError, match="déjà à l'essai"), trial(witness, 200):
                pass
            assert len(drop_abandoned(witness)) == (len(left) - 1) / 3
            assert len(witness.execute(TRIED).fetchall()) == 4
        assert witness.execute(TRIED).fetchall() == [("mr_dupont_age",)]


@pytest.fixture
def project(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallProject]:
    with small_project(tmp_path, database, {"dbt_project.yml": borrowing_macros()}) as project:
        for name in ("DBT_SCHEMA_PREFIX", "DAC_CLE"):
            monkeypatch.delenv(name, raising=False)
        parsed = parse(project.settings)
        load_landing(
            project.conninfo, project.settings.landing, read_declarations(parsed.manifest.sources.values())
        )
        run = TerminalRun(project.settings, parsed, ["build"])
        run.play(lambda result: None)
        assert run.issue == "reussi", run.results
        (project.root / "etat").mkdir()
        shutil.copy(project.settings.manifest_path, project.root / "etat")
        named = psycopg.conninfo.conninfo_to_dict(database)["dbname"]
        settings = replace(project.settings, target="ci", database=str(named))
        for name in ("controle", "slim"):
            recall(replace(settings, target_path=project.root / "target" / name))
        yield replace(project, settings=settings)


def test_a_branch_is_tried_beside_what_stands(project: SmallProject) -> None:
    asked = {"ETAT": str(project.root / "etat"), "CI_MERGE_REQUEST_IID": "7"}
    report = project.settings.build / "junit-dbt.xml"

    # A description is nothing to build.
    project.write(
        "models/age/marts/dim_ecoles.yml", MODEL.format(name="dim_ecoles") + "    description: Mieux.\n"
    )
    assert slim(project.settings, asked) == 0
    assert not report.exists()

    # A test beside it is.
    project.write(
        "models/age/marts/dim_ecoles.yml",
        MODEL.format(name="dim_ecoles") + "    description: Encore mieux.\n" + UNIT.format(name="Un"),
    )
    assert slim(project.settings, asked) == 0
    assert {"les_noms_restent"} <= {case.get("name") for case in ElementTree.parse(report).iter("testcase")}
    project.write("models/age/marts/dim_ecoles.yml", MODEL.format(name="dim_ecoles"))

    project.write(
        "models/age/marts/dim_ecoles.sql",
        "select fase, upper(nom) as nom from {{ ref('stg_ecoles__ecoles') }}",
    )
    assert slim(project.settings, asked) == 0
    cases = {case.get("name") for case in ElementTree.parse(report).iter("testcase")}
    assert {"dim_ecoles", "fct_tout"} <= cases
    assert not {"dim_batiments", "stg_ecoles__ecoles"} & cases
    # What readers see did not move, and nothing of the trial is left.
    assert project.query("select nom from age.dim_ecoles order by fase") == [("Un",), ("Deux",)]
    assert project.query(TRIED) == []

    project.write(
        "models/age/marts/dim_ecoles.sql", "select '1' as fase, nom from {{ ref('stg_ecoles__ecoles') }}"
    )
    with pytest.raises(PlatformError, match="ne passe pas"):
        slim(project.settings, asked)
    failed = {
        case.get("name")
        for case in ElementTree.parse(report).iter("testcase")
        if case.find("failure") is not None
    }
    assert failed == {"unique_dim_ecoles_fase"}
    assert project.query(TRIED) == []
    assert slim_drop(project.settings, {}) == 0


def test_what_is_asked_wrongly_says_what_to_do(project: SmallProject) -> None:
    with pytest.raises(PlatformError, match=r"manifest\.json"):
        slim(project.settings, {"ETAT": str(project.root / "models")})
    with pytest.raises(PlatformError, match="numéro"):
        slim(project.settings, {"CI_MERGE_REQUEST_IID": "main"})
    with _alone(project.root), pytest.raises(PlatformError, match="en cours"):
        slim(project.settings, {"ETAT": str(project.root / "etat")})
    (project.root / "etat/manifest.json").write_text(json.dumps({"metadata": {}}))
    with pytest.raises(PlatformError, match="comparer"):
        slim(project.settings, {"ETAT": str(project.root / "etat")})
