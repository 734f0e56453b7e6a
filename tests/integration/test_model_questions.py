"""What an analyst asks before writing a model: a query that is tried, and one screen about a table."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from donnees_au_centre.building.dbt_run import DbtRun
from donnees_au_centre.cli.session import environment_kept
from donnees_au_centre.cli.trying import try_
from donnees_au_centre.cli.why import why
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.landing import load_landing, read_declarations
from donnees_au_centre.project import parse
from tests.memory import recall
from tests.small_project import SmallProject, borrowing_macros, small_project


@pytest.fixture
def built(tmp_path: Path, database: str) -> Iterator[SmallProject]:
    """A project that was built, whose stg_ecoles__ecoles is private."""
    with small_project(tmp_path, database, {"dbt_project.yml": borrowing_macros()}) as project:
        settings = replace(project.settings, target="ci")
        recall(settings)
        parsed = parse(settings)
        load_landing(database, settings.landing, read_declarations(parsed.manifest.sources.values()))
        run = DbtRun(settings, "essai", parsed.project, ["build"])
        assert [one for one in run.results() if one.bad] == []
        yield replace(project, settings=settings)


def tried(project: SmallProject, **options: str) -> None:
    with environment_kept():
        assert try_(project.settings, options) == 0


def test_a_query_is_tried_before_it_is_a_model(
    built: SmallProject, capsys: pytest.CaptureFixture[str]
) -> None:
    tried(built, SQL="select nom, fase from {{ ref('stg_ecoles__ecoles') }} where fase = '2' ; ")
    said = capsys.readouterr().out
    assert '"age_staging"."stg_ecoles__ecoles"' in said
    assert "Deux  2" in said
    built.write("essai.sql", "select count(*) as combien from {{ source('batiments', 'batiments') }}")
    tried(built, FICHIER="essai.sql", CALLER_FOLDER=str(built.root))
    assert capsys.readouterr().out.split()[-2:] == ["combien", "2"]
    for query, problem, advice in (
        ("select * from {{ ref('dim_ecole') }}", "« dim_ecole » n'existe pas", "dim_ecoles"),
        ("select nomm from {{ ref('dim_ecoles') }}", "« nomm » n'existe pas", "Vérifiez le nom"),
        (
            "with a as (delete from age.dim_ecoles returning 1) select * from a",
            "que lire",
            "Écrivez un select",
        ),
        ("select 1; drop view age.dim_ecoles; select 2", "que lire", "Écrivez un select"),
        ("select {{ x( }}", "expected", "Corrigez la requête"),
        (" ; ", "est vide", "make try SQL"),
        ("", "Donnez SQL, ou FICHIER", "make try SQL"),
    ):
        with pytest.raises(PlatformError) as caught:
            tried(built, SQL=query)
        assert problem in str(caught.value)
        assert advice in caught.value.advice
        assert "inline_query" not in str(caught.value)
    assert built.query("select count(*) from age.dim_ecoles") == [(2,)]


def test_one_screen_says_what_a_model_is(built: SmallProject, capsys: pytest.CaptureFixture[str]) -> None:
    with environment_kept():
        assert why(built.settings, {"MODEL": "dim_ecoles"}) == 0
    said = capsys.readouterr().out
    assert "dim_ecoles, mart (AGE) : models/age/marts/dim_ecoles.sql" in said
    assert "owner.age@fwb.example" in said
    assert "État        construit le" in said
    assert "Contrôles   2 bons sur 2 joués" in said
    assert "Vient de    stg_ecoles__ecoles\n              ecoles.ecoles" in said
    assert "Lu par      fct_tout" in said
    for asked, advice in (("dim_ecole", "dim_ecoles"), ("", "make why MODEL=")):
        with environment_kept(), pytest.raises(PlatformError) as caught:
            why(built.settings, {"MODEL": asked})
        assert advice in caught.value.advice
