"""The answer to a person and the register, opened in a real browser."""

from __future__ import annotations

from pathlib import Path

from donnees_au_centre.administration import ours
from donnees_au_centre.privacy.export import as_data, write_export
from donnees_au_centre.privacy.persons import Asked, PersonSource
from donnees_au_centre.privacy.places import Table
from donnees_au_centre.privacy.register import write_register
from donnees_au_centre.privacy.requests import Dossier, Place
from tests.unit.test_rights_parts import DATASET


def shown(browser, page_file: Path):
    """The page, with what it asked the network for and what its console said."""
    page, said = browser.new_page(), []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if "file:" not in request.url else None)
    page.goto(page_file.as_uri())
    return page, said


def test_a_person_reads_her_data(browser, tmp_path: Path) -> None:
    source = PersonSource(
        DATASET.unique_id, "agaj", "dossiers", "dossiers", "raw_agaj", "dossiers", "nom", True, {},
        "base MySQL ou MariaDB, connexion « suivi », suivi.dossiers",
    )  # fmt: skip
    table = Table("raw_agaj", "dossiers", {"nom": "text"}, True)
    row = {"nom": "<script>document.title = 'non'</script>", "service": None, "octets": "été".encode()}
    place = Place(table, "brut", None, [row], (source.label,))
    asked = [Asked("agaj", "DUPRÉ Zoé")]
    dossier = Dossier(asked, [source], [place], set(), set(), set(), {"agaj": ["a" * 64]})
    data = as_data(dossier, [DATASET], {"agaj/dossiers/a.csv": [2]})
    page, said = shown(browser, write_export(data, tmp_path / "droits")[1])
    assert page.title() == "Vos données personnelles"
    assert page.locator("html").get_attribute("lang") == "fr"
    text = page.inner_text("body")
    for expected in (
        "DUPRÉ Zoé (AGAJ)", "<script>", "été", "120 mois depuis la réception", "agaj/dossiers/a.csv",
        "Ligne 1 sur 1", "connexion « suivi », suivi.dossiers", "Autorité de protection des données",
    ):  # fmt: skip
        assert expected in text
    # That namesakes are possible is for the agent, whom the command tells: the page goes to the person.
    assert data["homonymes_possibles"] and "vérifier" not in text
    assert said == []
    # Nothing sticks out of a telephone.
    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.close()


def test_the_register_is_a_page(browser, tmp_path: Path) -> None:
    page, said = shown(browser, write_register([DATASET], ours().contacts, tmp_path)[1])
    page.click("a >> text=dossiers.dossiers")
    assert page.url.endswith("#t1") and "Personnes concernées" in page.inner_text("body")
    assert said == []
    page.set_viewport_size({"width": 380, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    page.screenshot(path=str(tmp_path / "registre.png"))
    page.close()
