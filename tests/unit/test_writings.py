"""What the `new-*` commands write is undone whole, or not at all."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from donnees_au_centre.cli.undo import undo
from donnees_au_centre.cli.writings import FOLDER, last_entry, writing
from donnees_au_centre.errors import PlatformError
from tests.small_project import settings_of

SQL, YAML, PROMISES = "models/ags/marts/fct_x.sql", "models/ags/marts/fct_x.yml", "policies/contracts/ags.yml"


def git(root: Path, *arguments: str) -> None:
    name = ("-c", "user.name=essai", "-c", "user.email=essai@fwb.example")
    subprocess.run(["git", *name, *arguments], cwd=root, check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone whose main branch has one promise, and a mart that was just written."""
    (tmp_path / PROMISES).parent.mkdir(parents=True)
    (tmp_path / PROMISES).write_text("a: 1\n", encoding="utf-8")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "un")
    write(tmp_path)
    return tmp_path


def write(root: Path) -> None:
    with writing(root, "new-indicator NAME=fct_x") as at_work:
        at_work.will_change(PROMISES)
        at_work.uses += [r"\bfct_x\b"]
        at_work.create({SQL: "select 1\n", YAML: "models:\n  - name: fct_x\n"})
        (root / PROMISES).write_text("a: 1\nfct_x: 1\n", encoding="utf-8")


def undone(root: Path, **options: str) -> int:
    return undo(settings_of(root), options)


def refused(root: Path) -> str:
    before = {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    with pytest.raises(PlatformError) as raised:
        undone(root, CONFIRMER="1")
    assert before == {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}
    return raised.value.message


def test_what_already_has_its_former_text_is_no_obstacle(checkout: Path) -> None:
    git(checkout, "restore", PROMISES)
    assert undone(checkout, CONFIRMER="1") == 0
    assert (checkout / PROMISES).read_text("utf-8") == "a: 1\n" and not (checkout / SQL).exists()


def test_nothing_is_left_of_what_the_journal_cannot_note(checkout: Path) -> None:
    assert undone(checkout, CONFIRMER="1") == 0
    (checkout / FOLDER).rmdir()
    (checkout / FOLDER).write_text("", encoding="utf-8")
    with pytest.raises(OSError):
        write(checkout)
    assert (checkout / PROMISES).read_text("utf-8") == "a: 1\n" and not (checkout / SQL).exists()


def test_undo_shows_then_gives_everything_back(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert undone(checkout) == 0
    shown = capsys.readouterr().out
    assert f"{SQL} : serait effacé" in shown and f"{PROMISES} : retrouverait son texte" in shown
    assert "make undo CONFIRMER=1 le fait" in shown and (checkout / SQL).is_file()
    assert undone(checkout, CONFIRMER="1") == 0
    assert (checkout / PROMISES).read_text("utf-8") == "a: 1\n"
    # An empty folder would be a domain.
    assert not (checkout / "models").exists()
    with pytest.raises(PlatformError, match="Rien à défaire"):
        undone(checkout)


@pytest.mark.parametrize("changed", [YAML, PROMISES])
def test_what_changed_since_is_named_and_nothing_is_undone(checkout: Path, changed: str) -> None:
    with (checkout / changed).open("a", encoding="utf-8") as file:
        file.write("# relu\n")
    assert f"{changed} : changé depuis" in refused(checkout)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("models/ags/marts/fct_y.sql", "select * from {{ ref('fct_x') }}\n"),
        ("policies/access/ags.yml", "- jeu: ags.fct_x\n"),
        ("tests/singular/total.sql", "select * from {{ ref('fct_x') }}\n"),
    ],
)
def test_what_others_use_stays(checkout: Path, path: str, text: str) -> None:
    (checkout / path).parent.mkdir(parents=True, exist_ok=True)
    (checkout / path).write_text(text, encoding="utf-8")
    assert f"{path} : se sert de ce qui a été écrit" in refused(checkout)


def test_another_name_that_holds_this_one_uses_nothing(checkout: Path) -> None:
    (checkout / "models/ags/marts/fct_xy.sql").write_text("select fct_x_total\n", encoding="utf-8")
    assert undone(checkout, CONFIRMER="1") == 0


def test_what_is_on_a_branch_is_undone_and_what_is_on_main_is_not(checkout: Path) -> None:
    git(checkout, "switch", "-q", "-c", "essai")
    git(checkout, "add", ".")
    git(checkout, "commit", "-q", "-m", "deux")
    assert undone(checkout) == 0
    git(checkout, "switch", "-q", "main")
    git(checkout, "merge", "-q", "essai")
    assert f"{SQL} : déjà enregistré sur la branche principale" in refused(checkout)


def test_the_last_written_is_the_first_undone(checkout: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with writing(checkout, "new-model AG=ags NAME=dim_z") as at_work:
        at_work.create({"models/ags/marts/dim_z.sql": "select * from {{ ref('fct_x') }}\n"})
    assert undone(checkout, CONFIRMER="1") == 0
    assert "make undo montrerait maintenant make new-indicator NAME=fct_x" in capsys.readouterr().out
    assert not (checkout / "models/ags/marts/dim_z.sql").exists() and (checkout / SQL).is_file()
    assert undone(checkout, CONFIRMER="1") == 0


def test_a_command_that_fails_leaves_nothing_and_no_entry(checkout: Path) -> None:
    assert undone(checkout, CONFIRMER="1") == 0
    with pytest.raises(KeyboardInterrupt), writing(checkout, "new-model") as at_work:
        at_work.will_change(PROMISES)
        at_work.create({SQL: "select 1\n"})
        (checkout / PROMISES).write_text("a: 2\n", encoding="utf-8")
        raise KeyboardInterrupt
    assert (checkout / PROMISES).read_text("utf-8") == "a: 1\n" and not (checkout / "models").exists()
    assert last_entry(checkout) is None


def test_a_journal_that_cannot_be_read_is_said(checkout: Path) -> None:
    next((checkout / FOLDER).iterdir()).write_text("{", encoding="utf-8")
    assert "ne se lit pas" in refused(checkout)
