"""The dbt target `denodo`: it compiles from a shell, names views as VQL does, and never connects."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from donnees_au_centre.cli.quality import test_environment as without_connections
from donnees_au_centre.portability.compilation import use_adapter_of
from donnees_au_centre.settings import ROOT
from tests.small_project import SmallProject, small_project

NOWHERE = "host=127.0.0.1 port=1 user=personne password=rien dbname=nulle_part"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallProject]:
    with small_project(tmp_path_factory.mktemp("projet"), NOWHERE) as small:
        small.write("models/age/marts/fct_questions.sql", "select {{ run_query('select 1') }} as reponse")
        small.write("models/age/marts/fct_questions.yml", "version: 2\n")
        yield small


def dbt(project: SmallProject, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs dbt as somebody does in a shell, without any variable of a server."""
    return subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), *arguments, "--target", "denodo"],
        cwd=project.root,
        env={**without_connections(os.environ), "DBT_PROFILES_DIR": "profiles"},
        capture_output=True,
        text=True,
    )


def test_dbt_compiles_from_a_shell_without_any_server(project: SmallProject) -> None:
    done = dbt(project, "compile", "--exclude", "fct_questions")
    assert done.returncode == 0, done.stdout
    compiled = project.root / "target/compiled/donnees_au_centre/models/age/staging"
    staging = (compiled / "ecoles/stg_ecoles__ecoles.sql").read_text(encoding="utf-8")
    assert staging == "select fase, nom from raw_age.ecoles"


@pytest.mark.parametrize("command", [["run", "-s", "dim_ecoles"], ["compile", "-s", "fct_questions"]])
def test_what_needs_a_server_is_refused_and_says_what_to_do(
    project: SmallProject, command: list[str]
) -> None:
    done = dbt(project, *command)
    assert done.returncode != 0
    assert "cette cible compile seulement" in done.stdout
    assert "Que faire : dbt compile --target denodo" in done.stdout


def test_a_view_is_named_by_its_virtual_database_with_quotes_only_where_needed() -> None:
    use_adapter_of(ROOT)
    from dbt.adapters.denodo import DenodoRelation

    def rendered(schema: str, identifier: str) -> str:
        return DenodoRelation.create(database="x", schema=schema, identifier=identifier).render()

    assert rendered("age", "dim_ecole_2") == "age.dim_ecole_2"
    assert rendered("age", "Dim École") == 'age."Dim École"'
    assert rendered("age", "order") == 'age."order"'
    assert rendered("2024", "_x") == '"2024"."_x"'
    assert rendered("age", 'dit "x"') == 'age."dit ""x"""'
