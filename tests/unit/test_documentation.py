"""The documentation site: every page, every link, the words of the vocabulary, pictures without a script."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from donnees_au_centre.catalogue import describe
from donnees_au_centre.catalogue.last_runs import read_knowledge
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages.catalogue import write_site as write_catalogue
from donnees_au_centre.pages.documentation import write_site
from donnees_au_centre.pages.documentation.documents import address_of, read_documents
from donnees_au_centre.pages.documentation.flowchart import draw, read_flowchart
from donnees_au_centre.pages.documentation.markdown import anchor, render
from donnees_au_centre.pages.search import INDEX
from donnees_au_centre.project.checks import RULES
from donnees_au_centre.project.glossary import terms_of
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import ROOT, Settings
from tests.sites import faults_of
from tests.unit.manifests import good_manifest

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of this checkout, over a small manifest, with the catalogue beside it."""
    build = tmp_path_factory.mktemp("sites") / "build"
    said = good_manifest()
    for node in said["nodes"].values():
        node.setdefault("schema", node["fqn"][1])
    manifest = Manifest(said)
    settings = Settings(ROOT, "dev", ROOT, "essai", build / "target", build / ".warehouse", build)
    catalogue = describe(settings, manifest, read_knowledge(settings), NOW)
    write_catalogue(catalogue, build / "catalogue")
    return write_site(ROOT, manifest, catalogue, build, NOW).page.parent


@pytest.fixture(scope="module")
def found(site: Path) -> list[dict[str, str]]:
    """What the search knows."""
    text = (site / INDEX).read_text("utf-8")
    things: list[dict[str, str]] = json.loads(text.removeprefix("window.INDEX = ").removesuffix(";\n"))[
        "choses"
    ]
    return things


def read(site: Path, address: str) -> str:
    return (site / address).read_text("utf-8")


def test_no_link_of_the_site_is_dead_and_nothing_comes_from_elsewhere(
    site: Path, found: list[dict[str, str]]
) -> None:
    assert faults_of(site, {"index.html": [one["adresse"] for one in found]}) == []
    assert faults_of(site.parent / "catalogue") == []
    for path in (*site.glob("*.js"), *site.glob("*.css")):
        text = "" if path.name == INDEX else path.read_text("utf-8")
        assert not re.search(r"https?:|fetch\(|url\(|@import|\bimport\b(?!ant)", text), path


def test_every_french_page_is_in_the_menu_or_below_one_that_is(site: Path) -> None:
    menu = read(site, "index.html")
    for path in (*ROOT.glob("docs/**/*.md"), *ROOT.glob("*.fr.md")):
        address = address_of(path.relative_to(ROOT).as_posix())
        assert (site / address).is_file()
        # A folder in a folder has a page that leads to its others.
        inner = address.count("/") > 1 and not address.endswith("/index.html")
        assert inner or f'href="{address}"' in menu, path


def test_the_search_knows_pages_rules_commands_words_macros_and_data_sets(
    found: list[dict[str, str]],
) -> None:
    kinds = {one["genre"] for one in found}
    assert {"Page", "Section", "Mot", "Commande", "Règle", "Macro", "Jeu de données"} <= kinds
    named = {one["nom"]: one for one in found}
    assert named["make site"]["adresse"] == "reference/commandes.html#site"
    assert {rule.id for rule in RULES} <= {one["nom"] for one in found if one["genre"] == "Règle"}
    assert named["sens-sans-alias"]["adresse"] == "analyste/regles-denodo.html#sens-sans-alias"
    assert named["dim_ecole"]["adresse"].startswith("../catalogue/jeux/")


def test_each_word_of_the_vocabulary_names_the_pages_that_use_it(site: Path) -> None:
    text = read(site, "vocabulaire.html")
    rows = dict(re.findall(r'<tr id="([^"]+)">(.*?)</tr>', text, re.DOTALL))
    terms = terms_of(ROOT)
    used = [term.name for term in terms if "<details>" in rows[anchor(term.words[0])]]
    assert len(terms) > 40 and len(used) > 0.9 * len(terms)
    assert "analyste/ecarts.html" in rows["écart"]
    # « pseudonymisé » says it too.
    assert "donnees-personnelles.html" in rows["pseudonymiser"]


def test_a_picture_is_drawn_with_its_boxes_in_layers() -> None:
    chart = read_flowchart(
        'flowchart LR\n a["un<br/>deux"] -->|oui| b & c\n b -- "puis" --> d\n c --> d\n a --> d'
    )
    svg = draw(chart, "L'essai")
    assert [chart.boxes[key].layer for key in "abcd"] == [0, 1, 1, 2]
    assert svg.count("<polygon") == 5 and svg.count("<rect") == 4
    for words in ("un", "deux", "oui", "puis", "L&#39;essai"):
        assert words in svg
    places = sorted(chart.boxes[key].place for key in "bc")
    assert places[1] - places[0] >= chart.boxes["b"].height


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("graph TD\n a --> b", "flowchart"),
        ("flowchart LR\n a{choix} --> b", "forme"),
        ("flowchart LR\n a --> b\n b --> a", "en rond"),
        ("flowchart LR\n subgraph x y", "ne se dessine"),
    ],
)
def test_a_picture_that_cannot_be_drawn_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        draw(read_flowchart(text), "x")


@pytest.fixture
def checkout(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.fr.md").write_text("# Accueil\n", "utf-8")
    yield tmp_path


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("[x](absent.md)", "docs/a.md : le lien vers absent.md ne mène nulle part"),
        ("![x](../absent.png)", "absent.png ne mène nulle part"),
        ("[x](../../ailleurs)", "ne mène nulle part"),
        ("<script>alert(1)</script>", "ne montre pas de HTML"),
        ("```mermaid\nsequenceDiagram\n```", "flowchart"),
    ],
)
def test_a_page_that_cannot_be_shown_names_itself(checkout: Path, page: str, said: str) -> None:
    (checkout / "docs/a.md").write_text(f"# A\n\n{page}\n", "utf-8")
    with pytest.raises(PlatformError) as raised:
        read_documents(checkout)
    assert said in raised.value.message and raised.value.advice


def test_links_lead_to_pages_of_the_site_and_to_files_shown_on_it(checkout: Path) -> None:
    (checkout / "docs/sous").mkdir()
    (checkout / "x.sql").write_text("select 1 < 2", "utf-8")
    (checkout / "docs/a.md").write_text("# A\n\n## B : c\n", "utf-8")
    (checkout / "docs/sous/README.md").write_text(
        "# S\n\n[a](../a.md#b--c) [f](../../x.sql) [d](..) [w](https://a.be/b)\n", "utf-8"
    )
    found = read_documents(checkout)
    html = found.pages["docs/sous/README.md"].page.html
    assert found.pages["docs/sous/README.md"].address == "sous/index.html"
    for link in (
        'href="../a.html#b--c"',
        'href="../fichiers/x.sql.html"',
        "<a>d</a>",
        'href="https://a.be/b"',
    ):
        assert link in html
    assert '<h2 id="b--c">' in found.pages["docs/a.md"].page.html
    assert found.files == {"x.sql"}
    assert address_of("README.fr.md") == "presentation.html"


def test_headings_and_named_rows_have_anchors_and_are_found() -> None:
    page = render(
        "# T\n\n## É `x`\n\n| a | |\n|---|---|\n| `r-1` | un |\n| 12 | deux |\n\n## É `x`\n", lambda one: one
    )
    assert [one.anchor for one in page.parts] == ["", "é-x", "r-1", "é-x-1"]
    assert page.parts[2].text.split() == ["r-1", "un"] and "deux" in page.parts[1].text
    # A header that says nothing is none, for who hears the page.
    assert page.html.count("<th") == 2 and '<tr id="r-1">' in page.html
