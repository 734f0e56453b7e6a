"""Sheets and slides as people print and show them: a sheet is one page of A4, keys turn the slides."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from donnees_au_centre.catalogue import Catalogue
from donnees_au_centre.catalogue.last_runs import Knowledge
from donnees_au_centre.learning.training import PATHS, ROLES, read_lesson, write_training
from donnees_au_centre.settings import ROOT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    empty = Catalogue((), {}, (), NOW, Knowledge({}, {}, None))
    return write_training(ROOT, empty, tmp_path_factory.mktemp("site") / "formation").parent


def test_a_sheet_is_one_page_of_a4_and_each_slide_is_one(folder: Path, browser: Browser) -> None:
    page = browser.new_page()
    slides = sum(1 + len(read_lesson(ROOT / PATHS / f"{name}.md").parts) for name in ROLES)
    # A4 in points, upright and lying.
    wanted = {f"fiche-{name}": [(595, 842)] for name in ROLES} | {"diaporama": [(842, 595)] * slides}
    for name, pages in wanted.items():
        page.goto((folder / f"{name}.html").as_uri())
        sizes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", page.pdf(prefer_css_page_size=True))
        assert [(round(float(wide)), round(float(high))) for wide, high in sizes] == pages, name
    page.close()


def test_keys_turn_the_slides_none_overflows_and_nothing_comes_from_elsewhere(
    folder: Path, browser: Browser
) -> None:
    page = browser.new_page()
    page.goto((folder / "diaporama.html").as_uri())
    for key in ("ArrowRight", "ArrowRight", "ArrowLeft"):
        page.keyboard.press(key)
    assert page.locator(".diapo:visible").get_attribute("id") == f"{ROLES[0]}-1"
    overflowing = """() => [...document.querySelectorAll(".diapo")].filter((slide) => {
        slide.style.display = "block";
        const foot = slide.querySelector(".ou").getBoundingClientRect().top;
        return [...slide.children].some((one) =>
            !one.matches(".ou") && one.getBoundingClientRect().bottom > foot);
    }).map((slide) => slide.id)"""
    assert page.evaluate(overflowing) == []
    for path in folder.glob("*.html"):
        for leads in re.findall(r'(?:href|src)="([^"#]+)', path.read_text("utf-8")):
            assert leads == "data:," or (folder / leads).is_file(), f"{path.name} : {leads}"
    for name in ("index.html", "communaute.html", f"fiche-{ROLES[0]}.html"):
        page.set_viewport_size({"width": 400, "height": 800})
        page.goto((folder / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, name
    page.close()
