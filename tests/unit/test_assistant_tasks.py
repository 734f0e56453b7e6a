"""The tasks that measure an assistant: that their checks tell done from not done."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from benchmarks.assistant import ANSWER, Checkout, Task, faults, self_check, tasks, write
from donnees_au_centre.settings import ROOT
from tests.campaigns import long

TASKS = {task.name: task for task in tasks()}
# Those whose checks read texts alone: no reading of the project by dbt.
CHEAP = [name for name, task in TASKS.items() if "regles" not in task.checks]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    return Checkout(tmp_path_factory.mktemp("mesure") / "projet")


def test_there_are_twenty_tasks_that_still_fit_the_project(tmp_path: Path) -> None:
    assert len(TASKS) == 20
    for task in TASKS.values():
        for files in (task.start, {} if task.solution == "rendre" else task.solution):
            for name, said in files.items():
                if not isinstance(said, str):
                    text = (ROOT / name).read_text(encoding="utf-8")
                    assert [one["de"] for one in said if text.count(one["de"]) != 1] == [], task.name


def test_the_copy_holds_neither_solutions_nor_history(checkout: Checkout) -> None:
    assert not list(checkout.folder.rglob("benchmarks/assistant*"))
    checkout.begin(TASKS[CHEAP[0]])
    assert checkout._git("rev-list", "--count", "HEAD").strip() == "1"
    assert checkout._git("remote") == ""


@pytest.mark.parametrize("name", CHEAP)
def test_a_cheap_check_refuses_the_start_and_accepts_the_solution(checkout: Checkout, name: str) -> None:
    task = TASKS[name]
    checkout.begin(task)
    assert faults(checkout, task)
    checkout.solve(task)
    assert faults(checkout, task) == []


def test_a_file_that_had_not_to_change_is_named(checkout: Checkout) -> None:
    task = TASKS[next(name for name in CHEAP if ANSWER in TASKS[name].allowed)]
    checkout.begin(task)
    checkout.solve(task)
    (checkout.folder / "tests/conftest.py").unlink()
    assert faults(checkout, task) == ["tests/conftest.py : ce fichier n'avait pas à changer."]


def test_a_text_that_no_longer_stands_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text("x")
    with pytest.raises(ValueError, match=re.escape("a.yml does not hold this text once: 'y'")):
        write(tmp_path, {"a.yml": [{"de": "y", "vers": "z"}]})


def test_a_check_that_passes_from_the_start_is_told(tmp_path: Path) -> None:
    blind = Task("aveugle", "", {}, {}, ["*"], {"textes": {}})
    assert self_check([blind], tmp_path / "projet") == ["aveugle : le point de départ passe déjà."]


@long
def test_every_check_is_proved(tmp_path: Path) -> None:
    assert self_check(list(TASKS.values()), tmp_path / "projet") == []
