"""What a group is trained with: pages with the same parts, a question from real controls, a sheet a page."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from donnees_au_centre.catalogue import Catalogue, describe
from donnees_au_centre.catalogue.last_runs import Received, Result, read_knowledge
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.learning.training import (
    DOCS,
    NEWS,
    PATHS,
    ROLES,
    SHEET,
    question_of,
    read_lesson,
    stewards_of,
    write_training,
)
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT, Settings
from tests.unit.manifests import good_manifest

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LESSONS = [read_lesson(ROOT / PATHS / f"{name}.md") for name in ROLES]


@pytest.fixture
def catalogue(tmp_path: Path) -> Callable[..., Catalogue]:
    def made(*outcomes: str) -> Catalogue:
        """The catalogue of the good manifest, whose first tests ended so, and the others well."""
        for domain in ("age", "ags", "commun", "transversal"):
            (tmp_path / "models" / domain).mkdir(parents=True, exist_ok=True)
        (tmp_path / "policies" / "access").mkdir(parents=True, exist_ok=True)
        build, target = tmp_path / "build", tmp_path / "target"
        settings = Settings(tmp_path, "dev", tmp_path, "essai", target, tmp_path / ".warehouse", build)
        content: dict[str, Any] = good_manifest()
        for node in content["nodes"].values():
            node.setdefault("schema", node["fqn"][1])
        manifest = Manifest(content)
        told = dict(zip((one.unique_id for one in manifest.tests), outcomes, strict=False))
        results = {
            one.unique_id: Result(told.get(one.unique_id, "reussi"), 3, None, NOW) for one in manifest.tests
        }
        return describe(settings, manifest, replace(read_knowledge(settings), results=results), NOW)

    return made


@pytest.mark.parametrize("lesson", LESSONS, ids=ROLES)
def test_every_path_has_its_exercises_and_its_three_levels(lesson: Any) -> None:
    assert [part.title for part in lesson.sheet] == list(SHEET)
    assert "Les exercices" in [part.title for part in lesson.parts]
    grid = next(part.body for part in lesson.parts if part.title == SHEET[1])
    assert re.findall("<td>(socle|argent|or)</td>", grid) == sorted(
        re.findall("<td>(socle|argent|or)</td>", grid), key=("socle", "argent", "or").index
    )
    assert {"socle", "argent", "or"} == {*re.findall("<td>(socle|argent|or)</td>", grid)}
    assert grid.count("<code>make ") >= 4


def test_a_page_without_parts_is_refused_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("Rien d'un parcours.\n", "utf-8")
    for path in (tmp_path / "x.md", tmp_path / "absente.md"):
        with pytest.raises(PlatformError, match="README"):
            read_lesson(path)


def test_every_version_is_told_in_french_too() -> None:
    versions = re.findall(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    told = [part.title for part in read_lesson(ROOT / DOCS / NEWS).parts]
    assert versions
    assert [title for title in told if title in versions] == versions
    assert told[0] in (versions[0], f"Depuis {versions[0]}")


def test_the_question_is_a_control_that_is_not_good_the_gravest_first(
    catalogue: Callable[..., Catalogue],
) -> None:
    assert question_of(catalogue(), date(2026, 3, 1)) is None
    found = catalogue("averti", "echec")
    one = question_of(found, date(2026, 3, 1))
    assert one is not None
    assert (one.is_control, one.among) == (True, 2)
    failed = {
        check.text
        for page in found.pages
        for check in page.checks
        if check.result and check.result.outcome == "echec"
    }
    assert failed == {one.text}
    months = [question_of(catalogue("averti", "averti"), date(2026, month, 1)) for month in (3, 4)]
    assert len({str(each) for each in months}) == 2


def test_when_all_controls_are_good_it_is_why_lines_were_set_aside(
    catalogue: Callable[..., Catalogue],
) -> None:
    found = catalogue()
    received = Received(1, 10, {"illisible : ligne vide": 2}, {}, None, False)
    pages = [replace(page, received=received) for page in found.pages if page.dataset.kind == "source"]
    asked = question_of(replace(found, pages=tuple(pages)), date(2026, 3, 1))
    assert asked is not None
    assert (asked.is_control, asked.text) == (False, "illisible : ligne vide")


def test_the_page_of_the_community_says_who_is_steward_and_asks_its_question(
    catalogue: Callable[..., Catalogue], tmp_path: Path
) -> None:
    found = catalogue("echec")
    text = (write_training(ROOT, found, tmp_path / "formation").parent / "communaute.html").read_text("utf-8")
    assert stewards_of(found)[0][0] in text
    assert "une règle n'est pas respectée" in text
