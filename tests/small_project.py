"""A small dbt project over a real database, for what need not be proved on the whole one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import psycopg
import pytest

from donnees_au_centre.settings import NO_TELEMETRY, ROOT, SERVER_VARIABLES, Settings
from tests.memory import recall

PROJECT = """
name: donnees_au_centre
version: "1.0"
config-version: 2
profile: donnees_au_centre
flags: {send_anonymous_usage_stats: false}
models:
  donnees_au_centre:
    age:
      +group: age
      staging: {+materialized: view, +access: private}
      marts: {+materialized: table, +access: public}
    transversal:
      +group: transversal
      marts: {+materialized: table, +access: public}
"""
_FLAGS = "flags: {send_anonymous_usage_stats: false}"
GROUP = """
version: 2
groups:
  - name: {domain}
    owner: {{name: Direction, email: owner.{domain}@fwb.example}}
"""
SOURCE = """
version: 2
sources:
  - name: {name}
    schema: raw_age
    tables:
      - name: {name}
        external: {{location: "age/{name}/*.csv", file_format: csv}}
        columns: [{{name: fase}}, {{name: nom}}]
"""
MODEL = """
version: 2
models:
  - name: {name}
    columns:
      - name: fase
        data_tests: [not_null, unique]
"""


@dataclass(frozen=True)
class SmallProject:
    """Two sources of `age`, ecoles and batiments, a staging view and a mart each; one mart of `transversal`.

    Attributes:
        settings: of its folder and its database.
        conninfo: of the database.
    """

    settings: Settings
    conninfo: str

    @property
    def root(self) -> Path:
        """The folder of the project."""
        return self.settings.root

    def write(self, path: str, text: str) -> None:
        """Writes a file of the project."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def add_mart(self, name: str, sql: str) -> None:
        """Adds a mart of `age`, tested on its key."""
        self.write(f"models/age/marts/{name}.sql", sql)
        self.write(f"models/age/marts/{name}.yml", MODEL.format(name=name))

    def query(self, sql: str) -> list[tuple]:
        """Asks the database."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            return connection.execute(sql).fetchall()


def borrowing_macros(*more: str) -> str:
    """The dbt_project.yml of a small project that has our macros, with more lines at its top level."""
    return PROJECT.replace(_FLAGS, "\n".join([f"macro-paths: ['{ROOT / 'macros'}']", _FLAGS, *more]))


def settings_of(folder: Path) -> Settings:
    """The settings of a project that lies in this folder with all that its commands make."""
    return replace(
        Settings.load({}),
        root=folder,
        landing=folder / "landing",
        target_path=folder / "target" / "essai",
        build=folder / "build",
        state=folder / ".warehouse",
    )


@contextmanager
def small_project(
    folder: Path, conninfo: str, files: Mapping[str, str] = MappingProxyType({})
) -> Iterator[SmallProject]:
    """Writes the project and its landing zone, and leads this process to its database.

    Args:
        folder: of the project, made when it is not there.
        conninfo: of the database.
        files: what to write beside or instead, by path. Files written here cost no reading of their own: dbt
            remembers them from another test. A dbt_project.yml written later has dbt read every macro again.
    """
    settings = settings_of(folder)
    project = SmallProject(settings, conninfo)
    project.write("dbt_project.yml", PROJECT)
    project.write("profiles/profiles.yml", (ROOT / "profiles" / "profiles.yml").read_text(encoding="utf-8"))
    for domain in ("age", "transversal"):
        project.write(f"models/{domain}/_{domain}.yml", GROUP.format(domain=domain))
    for name in ("ecoles", "batiments"):
        staging = f"models/age/staging/{name}"
        project.write(f"{staging}/_{name}__sources.yml", SOURCE.format(name=name))
        project.write(
            f"{staging}/stg_{name}__{name}.sql", f"select fase, nom from {{{{ source('{name}', '{name}') }}}}"
        )
        project.write(f"{staging}/stg_{name}__{name}.yml", MODEL.format(name=f"stg_{name}__{name}"))
        project.add_mart(f"dim_{name}", f"select fase, nom from {{{{ ref('stg_{name}__{name}') }}}}")
        project.write(f"landing/age/{name}/{name}.csv", "fase,nom\n1,Un\n2,Deux\n")
    project.write("models/transversal/marts/fct_tout.sql", "select fase from {{ ref('dim_ecoles') }}")
    project.write("models/transversal/marts/fct_tout.yml", MODEL.format(name="fct_tout"))
    for path, text in files.items():
        project.write(path, text)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {**environment(conninfo), "DAGSTER_HOME": str(folder / ".dagster")}.items():
            patch.setenv(name, value)
        recall(settings)
        yield project


def environment(conninfo: str) -> dict[str, str]:
    """The variables that lead libpq and dbt to a database, and to nobody's server outside."""
    parts = psycopg.conninfo.conninfo_to_dict(conninfo)
    names = ("host", "port", "user", "password", "dbname")
    return {**dict(zip(SERVER_VARIABLES, (str(parts[name]) for name in names), strict=True)), **NO_TELEMETRY}
