"""A rebuilt view must not take down what reads it, as it does with dbt-postgres' own materialization."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from psycopg.conninfo import conninfo_to_dict

from donnees_au_centre.settings import ROOT
from tests.memory import recall
from tests.small_project import GROUP, settings_of


class SmallProject:
    """A dbt project of two views that uses the platform's macros, on a database of its own."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder = folder
        self.database = database
        (folder / "models/ags/staging").mkdir(parents=True)
        (folder / "dbt_project.yml").write_text(
            "name: donnees_au_centre\nversion: '1.0'\nprofile: donnees_au_centre\n"
            f"macro-paths: ['{ROOT / 'macros'}']\n"
            "flags: {send_anonymous_usage_stats: false}\n"
            "models: {donnees_au_centre: {+materialized: view, +group: ags}}\n"
        )
        (folder / "models/ags/_ags.yml").write_text(GROUP.format(domain="ags"))
        shutil.copytree(ROOT / "profiles", folder / "profiles")
        self.write("stg_essai__source", "select 1 as cle, cast('a' as text) as nom")
        self.write("stg_essai__lecteur", "select * from {{ ref('stg_essai__source') }}")

    def write(self, name: str, sql: str) -> None:
        (self.folder / "models/ags/staging" / f"{name}.sql").write_text(sql)

    def run(self, *arguments: str) -> str:
        """Runs dbt in this process, which spares its imports, and returns what it said."""
        said: list[str] = []
        done = dbtRunner(callbacks=[lambda event: said.append(event.info.msg)]).invoke(
            [
                "--quiet", "run", *arguments,
                "--project-dir", str(self.folder),
                "--profiles-dir", str(self.folder / "profiles"),
                "--target", "dev", "--target-path", str(self.folder / "target"),
                "--log-path", str(self.folder / "logs"),
            ]
        )  # fmt: skip
        assert done.success, said
        return "\n".join(said)

    def ask(self, sql: str) -> list[tuple]:
        with psycopg.connect(self.database) as connection:
            return connection.execute(sql).fetchall()


@pytest.fixture
def project(tmp_path: Path, database: str, monkeypatch: pytest.MonkeyPatch) -> SmallProject:
    parts = conninfo_to_dict(database)
    names = {
        "host": "PGHOST",
        "port": "PGPORT",
        "user": "PGUSER",
        "password": "PGPASSWORD",
        "dbname": "PGDATABASE",
    }
    for part, variable in names.items():
        monkeypatch.setenv(variable, str(parts[part]))
    monkeypatch.delenv("DBT_SCHEMA_PREFIX", raising=False)
    small = SmallProject(tmp_path, database)
    recall(replace(settings_of(tmp_path), target="dev", target_path=tmp_path / "target"))
    small.run()
    return small


def test_a_changed_query_reaches_readers_in_place(project: SmallProject) -> None:
    project.write("stg_essai__source", "select 2 as cle, cast('b' as text) as nom, true as nouvelle")
    project.run("-s", "stg_essai__source")
    assert project.ask("select cle, nom from ags_staging.stg_essai__lecteur") == [(2, "b")]
    assert project.ask("select nouvelle from ags_staging.stg_essai__source") == [(True,)]


@pytest.mark.parametrize(
    "sql",
    [
        "select cast(1 as bigint) as cle, cast('a' as text) as nom",
        "select 1 as cle, cast('a' as varchar(5)) as nom",
        "select cast('a' as text) as nom, 1 as cle",
        "select 1 as cle",
    ],
    ids=["another type", "another length", "another order", "a column less"],
)
def test_columns_that_cannot_stay_are_announced_with_their_readers(project: SmallProject, sql: str) -> None:
    project.write("stg_essai__source", sql)
    said = project.run("-s", "stg_essai__source")
    assert "ags_staging.stg_essai__lecteur" in said
    assert "stg_essai__source+" in said
    assert len(project.ask("select * from ags_staging.stg_essai__source")) == 1


def test_nothing_is_left_behind(project: SmallProject) -> None:
    project.run()
    views = project.ask(
        "select table_name from information_schema.views where table_schema = 'ags_staging' order by 1"
    )
    assert views == [("stg_essai__lecteur",), ("stg_essai__source",)]
