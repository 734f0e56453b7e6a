"""What changed files concern, and what a linter need not read again."""

from __future__ import annotations

import fnmatch
import os
import subprocess
from pathlib import Path

import pytest

from donnees_au_centre.cli.changes import READ, changed_files, concerned, only_words, text_at, untouched
from donnees_au_centre.cli.clean_files import CleanFiles
from donnees_au_centre.cli.session import overheard
from donnees_au_centre.cli.testing import check
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT
from tests.small_project import settings_of


def git(root: Path, *arguments: str) -> None:
    who = ("-c", "user.name=essai", "-c", "user.email=essai@fwb.example")
    subprocess.run(["git", *who, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone whose branch has one commit more than main, a file changed since, and one not followed."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "a b.txt").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "one")
    git(tmp_path, "switch", "-qc", "branche")
    (tmp_path / "c.txt").write_text("1")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "two")
    (tmp_path / "a b.txt").write_text("2")
    (tmp_path / "é.txt").write_text("1")
    return tmp_path


def test_a_branch_changed_what_it_committed_or_not_since_it_left_main(clone: Path) -> None:
    assert changed_files(clone) == ["a b.txt", "c.txt", "é.txt"]
    assert changed_files(clone, "HEAD") == ["a b.txt", "é.txt"]
    with pytest.raises(PlatformError, match="git ne peut dire"):
        changed_files(clone, "nulle_part")
    assert text_at(clone, "HEAD", "a b.txt") == "1"
    # What moved left a place, too.
    git(clone, "checkout", "-q", ".")
    git(clone, "mv", "a b.txt", "d.txt")
    assert changed_files(clone, "HEAD") == ["a b.txt", "d.txt", "é.txt"]


def test_descriptions_alone_are_words(clone: Path) -> None:
    model = clone / "models" / "m.yml"
    model.parent.mkdir()
    model.write_text("models: [{name: m, description: un, columns: [{name: a, description: deux}]}]")
    assert not only_words(clone, ["models/m.yml"], "HEAD"), "a new file"
    git(clone, "add", ".")
    git(clone, "commit", "-qm", "three")
    model.write_text("models: [{name: m, columns: [{name: a, description: trois}]}] # dit")
    assert only_words(clone, ["models/m.yml", "docs/a.md"], "HEAD")
    assert not only_words(clone, ["models/m.yml", "models/m.sql"], "HEAD")
    model.write_text("models: [{name: m, columns: [{name: a, description: trois, data_type: text}]}]")
    assert not only_words(clone, ["models/m.yml"], "HEAD")
    model.unlink()
    assert not only_words(clone, ["models/m.yml"], "HEAD"), "gone"


def test_nothing_changed_is_said(clone: Path, capsys: pytest.CaptureFixture[str]) -> None:
    git(clone, "stash", "-qu")
    assert check(settings_of(clone), {"DEPUIS": "HEAD"}) == 0
    assert "Rien n'a changé." in capsys.readouterr().out


def test_what_is_at_fault_and_not_of_the_branch_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    faults = (
        "models/ags/marts/fct_marche.yml:3:1 : une faute.\n"
        "README.md\n  [regle] une autre.\n    Que faire : docs/architecture.md le dit.\n"
        "F821 un nom\n  --> dev/rooms.py:4:2\nabsent.py:1 : parti.\n"
    )
    with overheard() as said:
        os.write(1, faults.encode())
        subprocess.run(["echo", "Makefile : é"], check=True)
    assert said.decode() == f"{faults}Makefile : é\n" == capfd.readouterr().out
    assert untouched(ROOT, said.decode(), ["README.md"]) == [
        "dev/rooms.py",
        "models/ags/marts/fct_marche.yml",
    ]


def test_a_module_concerns_the_tests_that_import_it() -> None:
    found = concerned(ROOT, ["donnees_au_centre/landing/framer.py"])
    assert found.python
    assert "tests/unit/test_landing_framer.py" in found.quick
    assert "tests/integration/test_landing_copy.py" in found.longer
    assert "tests/unit/test_workbooks.py" not in found.quick
    assert not found.project
    # Beside a module: a template, SQL.
    assert concerned(ROOT, ["donnees_au_centre/audit/structure.sql"]).quick


def test_a_helper_of_the_tests_concerns_those_that_use_it_and_a_test_itself() -> None:
    found = concerned(ROOT, ["tests/small_project.py", "tests/unit/test_wording.py"])
    assert {"tests/unit/test_changes.py", "tests/unit/test_wording.py"} <= set(found.quick)
    assert {"tests/integration/test_locations.py", "tests/integration/test_manifest_reader.py"} <= set(
        found.longer
    )


def test_a_model_concerns_the_project_and_a_macro_its_cases() -> None:
    model = concerned(ROOT, ["models/ags/marts/fct_marche.sql"])
    assert model.project
    assert not model.python
    found = concerned(ROOT, ["macros/portability/to_integer.sql", "docs/architecture.md"])
    assert found.project
    assert "tests/unit/test_open_project.py" in found.quick


def test_fixtures_concern_the_tests_below_them() -> None:
    below = concerned(ROOT, ["tests/macros/conftest.py"])
    assert below.longer and all(test.startswith("tests/macros/") for test in below.longer)
    assert not below.quick
    every = concerned(ROOT, ["tests/conftest.py"])
    assert {"tests/unit/test_changes.py", *below.longer} <= {*every.quick, *every.longer}


@pytest.mark.parametrize(
    ("file", "test"),
    [
        (".gitlab/CODEOWNERS", "open_project"),
        ("CHANGELOG.md", "open_project"),
        ("CONTRIBUTING.fr.md", "open_project"),
        ("publiccode.yml", "open_project"),
        ("docs/architecture.md", "pictures"),
        ("policies/gdpr/gels.yml", "reviewed_schemas"),
        ("donnees_au_centre/french.py", "rooms"),
        ("models/ags/marts/dim_marche.yml", "overlay"),
    ],
)
def test_what_a_test_reads_without_importing_it_concerns_it(file: str, test: str) -> None:
    assert f"tests/unit/test_{test}.py" in concerned(ROOT, [file]).quick


def test_every_test_that_reads_files_exists() -> None:
    assert [test for test in READ if not (ROOT / test).is_file()] == []
    done = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True)
    files = done.stdout.splitlines()
    assert [one for patterns in READ.values() for one in patterns if not fnmatch.filter(files, one)] == []


def test_a_clean_file_is_read_again_when_it_or_its_settings_change(tmp_path: Path) -> None:
    settings, one, two = tmp_path / "regles", tmp_path / "un.sql", tmp_path / "deux.sql"
    for path in (settings, one, two):
        path.write_text("a")
    known = CleanFiles(tmp_path, "essai", (settings,))
    assert known.unread([one, two]) == [one, two]
    known.keep([one])
    assert known.unread([one, two]) == [two]
    known.keep([two])
    assert known.unread([one, two]) == []
    one.write_text("b")
    assert known.unread([one, two]) == [one]
    one.write_text("a")
    settings.write_text("b")
    assert known.unread([one, two]) == [one, two]
