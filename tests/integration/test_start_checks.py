"""What is wrong in the configuration is said before anything starts: all of it, by variable and file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from donnees_au_centre.secret_files import take_secrets
from donnees_au_centre.settings import ROOT
from orchestration.start_checks import WRONG, check

PG = {"PGHOST": "127.0.0.1", "PGPORT": "1", "PGUSER": "u", "PGPASSWORD": "p", "PGDATABASE": "b"}


def faults(tmp_path: Path, location: str | None = None, **environ: str) -> list[str]:
    """What is said of an environment that is right otherwise."""
    given = {"DBT_TARGET": "ci", "DAGSTER_HOME": str(tmp_path / "dagster"), **PG, **environ}
    return [str(one) for one in check({name: value for name, value in given.items() if value}, location)[1]]


def test_a_right_configuration_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, "age") == []


def test_each_fault_names_its_variable_and_its_file(tmp_path: Path) -> None:
    file, absent = tmp_path / "fichier", tmp_path / "absent"
    file.write_text("")
    for given, words in (
        ({"PGHOST": "", "PGUSER": ""}, ("PGHOST, PGUSER",)),
        ({"PGPASSWORD": "", "PGPASSWORD_FILE": str(absent)}, ("PGPASSWORD_FILE", str(absent))),
        ({"PGPASSWORD": "", "PGPASSWORD_FILE": str(file)}, ("PGPASSWORD_FILE", "vide")),
        ({"PGPASSWORD_FILE": str(file)}, ("PGPASSWORD et PGPASSWORD_FILE",)),
        ({"DAC_CLE_AGAJ_SUIVI_FILE": str(absent)}, ("DAC_CLE_AGAJ_SUIVI_FILE", str(absent))),
        ({"DAGSTER_HOME": str(file)}, ("DAGSTER_HOME", str(file))),
        ({"DAGSTER_HOME": "/proc/dagster"}, ("DAGSTER_HOME", "/proc/dagster")),
        ({"DBT_TARGET": "production"}, ("DBT_TARGET=production",)),
        ({"LANDING": str(absent)}, (f"LANDING={absent}",)),
        ({"ATTENTE_AMONT_HEURES": "toujours"}, ("ATTENTE_AMONT_HEURES",)),
        ({"EMPLACEMENTS": "age=ici"}, ("EMPLACEMENTS", "age=ici")),
        ({"DAGSTER_PGDATABASE": "dagster"}, ("dagster@127.0.0.1:1", "DAGSTER_PGHOST")),
    ):
        [said] = faults(tmp_path, None, **given)
        assert all(word in said for word in words) and "Que faire : " in said, said
    # Which of two passwords holds is not known: no server is asked with either.
    [said] = faults(tmp_path, None, PGPASSWORD_FILE=str(file), DAGSTER_PGDATABASE="dagster")
    assert "PGPASSWORD et PGPASSWORD_FILE" in said
    [said] = faults(tmp_path, "agx")
    assert "agx" in said and "transversal" in said


def test_secrets_come_from_their_files(tmp_path: Path) -> None:
    file = tmp_path / "cle"
    file.write_text("ab\n")
    environ = {"PGPASSWORD_FILE": str(file), "DAC_CLE_AGAJ_SUIVI_FILE": str(file), "SSL_CERT_FILE": "x"}
    assert take_secrets(environ) == []
    assert environ == {"PGPASSWORD": "ab", "DAC_CLE_AGAJ_SUIVI": "ab", "SSL_CERT_FILE": "x"}


@pytest.mark.parametrize(
    "program", [("dagster_ui", "--port", "3999"), ("daemon",), ("code_server", "agx")], ids=lambda one: one[0]
)
def test_no_program_begins_and_all_is_said_at_once(program: tuple[str, ...], tmp_path: Path) -> None:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PG", "DBT_", "DAGSTER"))
    }
    given = {
        "DBT_TARGET": "ci",
        "DAGSTER_HOME": "/proc/dagster",
        "PGPASSWORD_FILE": str(tmp_path / "absent"),
        "EMPLACEMENTS": "age",
    }
    done = subprocess.run(
        [sys.executable, "-m", f"orchestration.{program[0]}", *program[1:]],
        cwd=ROOT,
        env={**kept, **given},
        capture_output=True,
        text=True,
    )
    assert done.returncode == WRONG, done.stderr
    for words in ("PGHOST, PGPORT, PGUSER, PGDATABASE", "DAGSTER_HOME", "PGPASSWORD_FILE", "EMPLACEMENTS"):
        assert words in done.stderr
    assert "Traceback" not in done.stderr
