"""The catalogue as a person uses it: opened from the disk, in a real browser, without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from donnees_au_centre.pages import STATIC as SHARED
from donnees_au_centre.pages.catalogue.site import STATIC
from donnees_au_centre.pages.search import STATIC as SEARCH
from donnees_au_centre.settings import Settings
from tests.browsers import AXE
from tests.e2e.conftest import Checkout
from tests.memory import recall_without_database
from tests.sites import faults_of

# Contrast of each text with what is behind it, by WCAG 2.2; returns those below AA.
CONTRAST = r"""
() => {
  const numbers = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const part = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = numbers(getComputedStyle(node).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const faults = [];
  for (const node of document.querySelectorAll("body *")) {
    const says = [...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim());
    if (!says || !node.offsetParent) continue;
    const style = getComputedStyle(node);
    const pair = [light(numbers(style.color)), light(behind(node))].sort((a, b) => b - a);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const ratio = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (ratio < (large ? 3 : 4.5)) faults.push(`${node.tagName}.${node.className} ${ratio.toFixed(2)}`);
  }
  return [...new Set(faults)];
}
"""


# Types words in the box of the search; milliseconds until its answers stand on the page.
TYPE = """
(words) => {
  const box = document.getElementById("q"), begun = performance.now();
  box.value = words;
  box.dispatchEvent(new Event("input", { bubbles: true }));
  return performance.now() - begun;
}
"""


@pytest.fixture(scope="module")
def site(checkout: Checkout) -> Path:
    recall_without_database(Settings.load({}, checkout.folder))
    done = checkout.command("catalogue")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Catalogue des données" in done.stdout
    return checkout.folder / "build" / "catalogue"


@pytest.fixture(scope="module")
def documentation(checkout: Checkout, site: Path) -> Path:
    """The documentation, beside the catalogue, which is written again."""
    done = checkout.command("site")
    assert done.returncode == 0, done.stdout + done.stderr
    # What was written is counted, and so are the blocks of code that nobody plays.
    assert re.search(r"\d+ pages, \d+,\d Mo", done.stdout)
    assert re.search(r"\d+ blocs de code, dont \d+ que personne ne joue", done.stdout)
    return site.parent / "site"


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on any error of the console and any request but for files."""
    context = browser.new_context()
    opened = context.new_page()
    faults: list[str] = []
    opened.on("console", lambda message: faults.append(message.text))
    opened.on("pageerror", lambda error: faults.append(str(error)))
    opened.on(
        "request",
        lambda request: None if request.url.startswith(("file:", "data:")) else faults.append(request.url),
    )
    yield opened
    context.close()
    assert faults == []


def shown(page: Page) -> list[str]:
    return page.locator("#resultats > .card:not([hidden]) h2").all_inner_texts()


def ask(page: Page, words: str) -> list[str]:
    page.fill("#q", words)
    return shown(page)


def test_every_internal_link_leads_somewhere_and_nothing_leads_out(site: Path) -> None:
    assert len(list(site.rglob("*.html"))) > 60
    assert faults_of(site) == []


def test_words_are_found_without_accents_by_synonyms_and_with_a_mistake(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    everything = shown(page)
    without = ask(page, "ecole")
    assert "dim_etablissement" in without[:5]
    assert 0 < len(without) < len(everything)
    assert ask(page, "ÉCOLES") == without
    # The word of another group member, and words that the metadata never use.
    assert "dim_etablissement" in ask(page, "athénée")
    assert "fct_subvention" in ask(page, "subsides")
    assert ask(page, "dim_etablissement")[0] == "dim_etablissement"
    assert "dim_etablissement" in ask(page, "etablisement")
    assert "dim_code_postal" in ask(page, "code postal")[:3]
    assert "fct_marche" in ask(page, "rando")[:3]
    assert "dim_etablissement" in ask(page, "les établissements de l'enseignement")
    assert ask(page, "xyzzyx") == []
    assert page.locator("#rien").is_visible()
    assert page.inner_text("#nombre").startswith("0 jeu")
    assert sorted(ask(page, "")) == sorted(everything)


def test_filters_narrow_and_the_address_keeps_them(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    page.select_option("#ag", "age")
    page.select_option("#genre", "mart")
    found = shown(page)
    assert "dim_etablissement" in found and "fct_marche" not in found
    assert not [name for name in found if "." in name]
    page.select_option("#ag", "")
    page.select_option("#genre", "")
    page.select_option("#personnelles", "oui")
    page.select_option("#classification", "sensible")
    sensitive = shown(page)
    assert "prises_en_charge.prises_en_charge" in sensitive
    page.check("#strategique")
    strategic = shown(page)
    assert strategic and set(strategic) <= set(sensitive)
    again = page.context.new_page()
    again.goto(page.url)
    assert shown(again) == strategic
    page.click("button[type=reset]")
    page.wait_for_function("!location.hash.includes('=')")
    assert len(shown(page)) > len(sensitive)


def test_the_keyboard_is_enough(page: Page, site: Path) -> None:
    page.goto((site / "index.html").as_uri())
    page.wait_for_function("document.activeElement.id === 'q'")
    page.keyboard.type("etablissement fase")
    page.keyboard.press("Enter")
    first = shown(page)[0]
    page.keyboard.press("Enter")
    page.wait_for_url("**/jeux/*.html")
    assert page.inner_text("h1") == first
    # The first stop of the Tab key leads past the navigation.
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"


def test_a_data_set_answers_the_questions_of_its_readers(page: Page, site: Path) -> None:
    page.goto((site / "jeux" / "agaj.prises_en_charge.prises_en_charge.html").as_uri())
    text = page.inner_text("main")
    for words in (
        "Data Owner",
        "Data Steward",
        "@fwb.example",
        "agaj_donnees_brutes",
        "Identifiant direct",
        "Conservation",
        "fct_prise_en_charge_arrondissement",
    ):
        assert words in text
    # Whether another test has loaded the checkout yet or not.
    assert "Pas encore chargé" in text or "dernière réception" in text
    # Every field and button of the search has a name for screen readers.
    page.goto((site / "index.html").as_uri())
    assert page.evaluate(
        "[...document.querySelectorAll('input, select')].filter((one) => !one.labels.length).length"
    ) == 0  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_texts_have_the_contrast_of_wcag_aa_in_every_kind_of_page(page: Page, site: Path, theme: str) -> None:
    page.emulate_media(color_scheme=theme)
    for name in (
        "index.html",
        "a-completer.html",
        "strategiques.html",
        "ag/agaj.html",
        "jeux/agaj.prises_en_charge.prises_en_charge.html",
        "jeux/age.dim_etablissement.html",
    ):
        page.goto((site / name).as_uri())
        assert page.evaluate(CONTRAST) == [], name


@pytest.mark.parametrize("width", [320, 1280])
def test_no_page_is_wider_than_the_screen(page: Page, site: Path, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    for name in ("index.html", "a-completer.html", "jeux/age.dim_etablissement.html"):
        page.goto((site / name).as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name


def test_the_documentation_is_searched_from_the_disk_with_or_without_accents(
    page: Page, documentation: Path
) -> None:
    """One browser for all of it: search, keyboard, accessibility, width, paper."""
    page.goto((documentation / "index.html").as_uri())
    page.wait_for_function("document.activeElement.id === 'q'")
    answers = []
    for words in ("ecole", "école", "ÉCOLES"):
        taken = page.evaluate(TYPE, words)
        answers.append(page.locator("#resultats a").all_inner_texts())
        print(f"« {words} » : {len(answers[-1])} réponses montrées en {taken:.0f} ms")
    assert len(answers[0]) > 10 and answers[0] == answers[1] == answers[2]
    page.fill("#q", "xyzzyx")
    assert page.locator("#rien").is_visible()
    # The box of any page leads to the answers, and Enter to the first of them.
    page.goto((documentation / "analyste" / "ecarts.html").as_uri())
    page.fill("#vite", "rollback")
    page.keyboard.press("Enter")
    page.wait_for_url("**/index.html?q=rollback")
    assert page.locator("#resultats a").first.inner_text() == "make rollback"
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_url("**/reference/commandes.html#rollback")
    for name in ("index.html#q=mart", "architecture.html", "vocabulaire.html"):
        address, _, asked = name.partition("#")
        page.goto(f"{(documentation / address).as_uri()}#{asked}")
        found = Axe().run(page, options=AXE)
        assert len(found.response["passes"]) > 20
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    page.emulate_media(color_scheme="dark")
    assert page.evaluate(CONTRAST) == []
    for width in (320, 400):
        page.set_viewport_size({"width": width, "height": 800})
        for name in ("index.html", "architecture.html", "vocabulaire.html", "analyste/regles-denodo.html"):
            page.goto((documentation / name).as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    page.emulate_media(media="print")
    page.goto((documentation / "exploitant" / "publication.html").as_uri())
    assert not page.locator(".menu").is_visible() and page.locator("svg").is_visible()
    # Each site leads to the other.
    page.emulate_media(media="screen")
    page.click("text=Catalogue des données")
    page.click(".top nav a:text('Documentation')")
    page.wait_for_url("**/site/index.html")


def test_the_pages_ask_for_nothing_from_elsewhere() -> None:
    for path in (*STATIC.iterdir(), *SHARED.iterdir(), *SEARCH.iterdir()):
        text = path.read_text("utf-8")
        assert "http" not in text and "fetch(" not in text and "url(" not in text
