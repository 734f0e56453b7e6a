"""The pages as managers open them: from the disk, in a browser, on paper, on a phone, in the dark."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from donnees_au_centre.pages.elementary import write_report
from donnees_au_centre.pages.quality import Answers, write_pages
from donnees_au_centre.quality.facts import FAILED
from donnees_au_centre.quality.reading import read_quality
from donnees_au_centre.warehouse import EmbeddedServer
from tests import past_runs as runs
from tests.browsers import AXE
from tests.unit.qualities import control, rich


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bit of everything, with words as long as the longest of the project."""
    long = control(
        "stg_prises_en_charge__prises_en_charge_ecarts_une_combinaison_unique",
        FAILED,
        label="fct_prise_en_charge_arrondissement",
        column="nombre_de_prises_en_charge_par_an",
    )
    said = rich()
    return write_pages(
        replace(said, controls=(long, *said.controls)),
        tmp_path_factory.mktemp("qualite") / "reports" / "qualite",
        {"age": Answers(12, 7)},
    )


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on any error of the console and any request but for files."""
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url),
    )
    yield opened
    context.close()
    assert faults == []


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index.html", "age.html"])
def test_axe_finds_nothing_in_light_nor_in_dark(page: Page, site: Path, name: str, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    page.goto((site.parent / name).as_uri())
    page.evaluate("document.querySelectorAll('details').forEach((one) => one.open = true)")
    found = Axe().run(page, options=AXE)
    assert len(found.response["passes"]) > 20
    assert found.violations_count == 0, found.generate_report()


def test_the_drawings_take_the_colours_of_the_theme_and_of_paper(page: Page, site: Path) -> None:
    page.goto((site.parent / "age.html").as_uri())
    line = page.locator(".drawing .mark-line path").first
    colours = {}
    for media, theme in (("screen", "light"), ("screen", "dark"), ("print", "dark")):
        page.emulate_media(media=media, color_scheme=theme)
        colours[media, theme] = line.evaluate("(one) => getComputedStyle(one).stroke")
    assert len(set(colours.values())) == 2
    # Paper is light, whatever the screen was.
    assert colours["print", "dark"] == colours["screen", "light"]
    expect(page.get_by_role("img", name="Courbe du score de AGE")).to_be_visible()


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_is_wider_than_the_screen(page: Page, site: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("index.html", "age.html", "ags.html"):
        page.goto((site.parent / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_a_page_prints_on_a4_with_nothing_cut_off(page: Page, site: Path) -> None:
    page.goto((site.parent / "age.html").as_uri())
    paper = page.pdf(prefer_css_page_size=True)
    # 210 × 297 mm, in points.
    sizes = set(re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", paper))
    assert {(round(float(wide)), round(float(high))) for wide, high in sizes} == {(595, 842)}
    page.emulate_media(media="print")
    # The width between the margins of the style sheet: 182 mm.
    page.set_viewport_size({"width": 688, "height": 1000})
    assert page.evaluate("document.documentElement.scrollWidth") <= 688


def test_on_paper_legends_keep_their_colours_notes_stay_small_and_badges_whole(
    page: Page, site: Path
) -> None:
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 688, "height": 1000})
    for name in ("index.html", "age.html"):
        page.goto((site.parent / name).as_uri())
        kept = page.locator(".legend li").evaluate_all(
            "(all) => all.map((one) => getComputedStyle(one, '::before').printColorAdjust)"
        )
        assert kept and set(kept) == {"exact"}
        sizes = page.locator(".quiet").evaluate_all(
            "(all) => all.map((one) => parseFloat(getComputedStyle(one).fontSize))"
        )
        cell = page.locator("td").first.evaluate("(one) => parseFloat(getComputedStyle(one).fontSize)")
        assert sizes and max(sizes) <= cell

        spaces = page.locator(".badge").evaluate_all(
            "(all) => all.map((one) => getComputedStyle(one).whiteSpace)"
        )
        assert set(spaces) == {"nowrap"}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_phone_shows_the_state_of_each_source_and_that_there_is_more_at_the_right(
    page: Page, site: Path, theme: str
) -> None:
    page.emulate_media(color_scheme=theme)
    page.set_viewport_size({"width": 380, "height": 800})
    for name in ("index.html", "age.html"):
        page.goto((site.parent / name).as_uri())
        states = page.locator(".states tbody td:nth-of-type(1) .badge").evaluate_all(
            "(all) => all.map((one) => one.getBoundingClientRect().right)"
        )
        assert len(states) >= 3 and max(states) <= 380, name
        boxes = page.locator(".scroll, .chart").evaluate_all(
            "(all) => all.map((one) => [one.scrollWidth > one.clientWidth, "
            "getComputedStyle(one).backgroundAttachment, getComputedStyle(one).backgroundImage])"
        )
        assert any(wider for wider, _, _ in boxes)
        # The covers scroll with what they cover, the shades stay at the edges.
        assert {attached for _, attached, _ in boxes} == {"local, local, scroll, scroll"}
        assert all(image.count("linear-gradient") == 4 for _, _, image in boxes)


def test_the_keyboard_reaches_everything_and_every_link_leads_somewhere(page: Page, site: Path) -> None:
    page.goto(site.as_uri())
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.get_by_role("link", name="AGE", exact=True).first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Qualité des données : AGE")
    for link in page.eval_on_selector_all("a[href^='#']", "(all) => all.map((one) => one.hash)"):
        assert page.locator(link).count() == 1, link


def test_the_page_and_elementary_count_the_same(page: Page, server: EmbeddedServer, tmp_path: Path) -> None:
    server.ensure_database("essai_comptes")
    conninfo = server.start().conninfo("essai_comptes")
    runs.make_history(conninfo)
    runs.note_runs(conninfo)
    with psycopg.connect(conninfo) as connection:
        other = write_report(connection, runs.project(), tmp_path / "reports" / "elementary.html", runs.NOW)
        quality = read_quality(connection, runs.project(), runs.NOW)
    server.drop_database("essai_comptes")
    first = write_pages(quality, tmp_path / "reports" / "qualite")
    page.goto(first.as_uri())
    row = page.locator("#methode ~ .scroll tbody tr")
    told = [int(one) for one in row.locator("td").all_inner_texts()]
    assert sum(told[:-1]) == told[-1] > 4
    page.get_by_role("link", name="Détail technique", exact=True).click()
    assert page.url.startswith(other.as_uri())
    page.goto(f"{other.as_uri()}#/report/test-results")
    good, warned, failed, broken, played = told
    for words in (
        f"All ({played})",
        f"Passed ({good})",
        f"Warnings ({warned})",
        f"Errors ({failed + broken})",
    ):
        expect(page.get_by_text(words)).to_be_visible()
