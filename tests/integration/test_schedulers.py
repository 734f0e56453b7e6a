"""The examples of docs/exploitant/ordonnanceurs.md, played for real; and nothing of them needs Dagster."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster
import pytest

from donnees_au_centre.project.domains import mend_workspace
from donnees_au_centre.settings import ROOT
from tests.campaigns import long
from tests.small_project import SmallProject, borrowing_macros, environment, small_project

EXAMPLES = ROOT / "docs/exploitant/exemples"
CHANNELS = "policies/channels/canaux.yml"
# What a checkout needs beside its models.
CODE = (
    "denodo",
    "dev",
    "donnees_au_centre",
    "macros",
    "orchestration",
    "policies",
    "Makefile",
    "administration.yml",
    "pyproject.toml",
)
# Python's own hook for every process that starts with this folder in its path.
WITHOUT_DAGSTER = """
import sys
class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0].startswith("dagster"):
            raise ImportError(f"no {name} here")
sys.meta_path.insert(0, Refusing())
"""
# What `dg` needs beside what is already there.
DG = (
    *(f"dagster-{name}=={dagster.__version__}" for name in ("dg-cli", "dg-core", "cloud-cli")),
    "dagster-rest-resources", "click-aliases", "github3.py", "pyjwt", "uritemplate", "validators", "yaspin",
)  # fmt: skip


@dataclass(frozen=True)
class Service:
    """A checkout as it stands on a server, with the variables of the platform in a file.

    Attributes:
        project: its models, in its folder.
        variables: what the service has in its environment.
    """

    project: SmallProject
    variables: dict[str, str]

    def play(self, *command: str | Path, **more: str) -> subprocess.CompletedProcess[str]:
        """Runs a command as the scheduler does."""
        return subprocess.run(
            command,
            cwd=self.project.root,
            env={**self.variables, **more},
            capture_output=True,
            text=True,
            timeout=500,
        )

    def spoil(self) -> None:
        """Has a mart fail."""
        self.project.write("models/age/marts/dim_ecoles.sql", "select 1 / 0 as fase")

    def assert_built(self) -> None:
        """The marts are there, the history knows of the build, and the pages are written."""
        assert self.project.query("select count(*) from age.dim_ecoles") == [(2,)]
        launched = "select lanceur, issue from historique.executions where commande = 'build'"
        assert self.project.query(launched) == [("make build", "reussi")]
        assert (self.project.root / "build/reports/qualite").is_dir()


@pytest.fixture
def service(tmp_path: Path, database: str) -> Iterator[Service]:
    root = tmp_path / "donnees"
    root.mkdir()
    with small_project(root, database, {"dbt_project.yml": borrowing_macros()}) as project:
        for name in CODE:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copyfile
            copy(ROOT / name, root / name)
        channels = (root / CHANNELS).read_text("utf-8")
        project.write(CHANNELS, channels.replace("data_platform:", "transversal:"))
        variables = {**environment(database), "DBT_TARGET": "ci"}
        (tmp_path / "variables").write_text(
            "".join(f"{name}='{value}'\n" for name, value in variables.items())
        )
        (tmp_path / "hook").mkdir()
        (tmp_path / "hook/sitecustomize.py").write_text(WITHOUT_DAGSTER)
        yield Service(
            project,
            {
                "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
                "HOME": str(tmp_path),
                "DONNEES": str(root),
                "VARIABLES": str(tmp_path / "variables"),
                "JOURNAL": str(tmp_path / "journal"),
                # The environment is there: make would only look whether it is.
                "MAKEFLAGS": f"RUN=@env PYTHONPATH={tmp_path}/hook python -m donnees_au_centre".replace(
                    " ", "\\ "
                ),
            },
        )


def test_cron_loads_builds_writes_pages_and_tells_without_dagster(service: Service) -> None:
    lines = (EXAMPLES / "crontab").read_text("utf-8").splitlines()
    assert len(lines) <= 20
    daily, weekly = (re.sub(r"^(\S+ ){5}", "", line) for line in lines if re.match(r"\d", line))
    done = service.play("/bin/sh", "-c", daily)
    journal = Path(service.variables["JOURNAL"]).read_text("utf-8")
    assert done.returncode == 0, done.stdout + done.stderr + journal
    service.assert_built()
    assert service.play("/bin/sh", "-c", weekly).returncode == 0
    refused = service.play(
        sys.executable, "-c", "import dagster", PYTHONPATH=f"{service.project.root.parent}/hook"
    )
    assert "no dagster here" in refused.stderr


def in_venv(name: str, *packages: str, more: Path | None = None) -> Path:
    """The executables of an environment of its own, made once; skips where its packages are out of reach."""
    folder = ROOT / ".cache" / "essais" / name
    wanted = " ".join(packages)
    made = folder / "paquets"
    if not made.is_file() or made.read_text() != wanted:
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        options = ["--no-deps"] if more else []
        uv = Path(sys.executable).with_name("uv")
        done = subprocess.run(
            [uv, "pip", "install", "-q", "-p", folder / "bin/python", *options, *packages],
            capture_output=True, text=True,
        )  # fmt: skip
        if done.returncode:
            shutil.rmtree(folder, ignore_errors=True)
            pytest.skip(f"{name} ne s'installe pas ici : {done.stderr.strip().splitlines()[-1]}")
        if more:
            [packages_of] = (folder / "lib").glob("python*/site-packages")
            (packages_of / "projet.pth").write_text(f"{more}\n")
        made.write_text(wanted)
    return folder / "bin"


@long
def test_prefect_plays_the_same_build(service: Service) -> None:
    python = in_venv("prefect", "prefect==3.*") / "python"
    code = (
        f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); from prefect_flow import construire\n"
        "sys.exit(not construire(return_state=True).is_completed())"
    )
    alone = {
        "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "300",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
    }
    done = service.play(python, "-c", code, **alone)
    assert done.returncode == 0, done.stdout + done.stderr
    service.assert_built()
    service.spoil()
    assert service.play(python, "-c", code, **alone).returncode != 0


@long
def test_airflow_plays_the_same_build(service: Service) -> None:
    folder = in_venv("airflow", "apache-airflow==3.*")
    code = (
        f"import sys; sys.path.insert(0, {str(EXAMPLES)!r}); from airflow_dag import dag\n"
        "sys.exit(dag.test().state != 'success')"
    )
    alone = {
        "AIRFLOW_HOME": f"{service.project.root.parent}/airflow",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "false",
        "AIRFLOW__CORE__DAGS_FOLDER": str(EXAMPLES),
    }
    done = service.play(folder / "airflow", "db", "migrate", **alone)
    assert done.returncode == 0, done.stderr
    done = service.play(folder / "python", "-c", code, **alone)
    assert done.returncode == 0, done.stdout + done.stderr
    service.assert_built()
    service.spoil()
    assert service.play(folder / "python", "-c", code, **alone).returncode != 0


@long
def test_dg_sees_every_location(service: Service) -> None:
    [packages] = (Path(sys.executable).parent.parent / "lib").glob("python*/site-packages")
    dg = in_venv("dg", *DG, more=packages) / "dg"
    project = service.project
    shutil.copyfile(ROOT / "dg.toml", project.root / "dg.toml")
    mend_workspace(project.root)
    database = {**environment(project.conninfo), "DBT_TARGET": "ci", "MAKEFLAGS": ""}
    service.play(sys.executable, "-m", "donnees_au_centre.project", **database)
    listed = service.play(dg, "list", "defs", "--json", **database)
    assert listed.returncode == 0, listed.stdout + listed.stderr
    assert {"dim_ecoles", "fct_tout", "age_chaque_jour"} <= set(re.findall(r"\w+", listed.stdout))
    checked = service.play(dg, "check", "defs", **database)
    assert checked.returncode == 0, checked.stdout + checked.stderr
