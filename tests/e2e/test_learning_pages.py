"""The exercises as a learner meets them: PostgreSQL in a browser, every answer played, offline."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from websockets.sync.client import connect

from donnees_au_centre.learning.engine import FOLDER as INSTALLED
from donnees_au_centre.learning.exercises import read_courses, read_ideas
from tests.e2e.conftest import Checkout

# Milliseconds; the machine may be busy.
PATIENCE = 120_000
MOST_BYTES = 20_000_000
# Plays answers by the modules of the page, in its own PostgreSQL; each comes back as kind, why and idea.
PLAY = """
async (answers) => {
  const { Engine } = await import("./moteur.js");
  const { answer } = await import("./verification.js");
  const content = await (await fetch("contenu.json")).json();
  const engine = new Engine(content, () => {});
  await engine.open();
  const exercises = Object.fromEntries(
    content.parcours.flatMap((path) => path.exercices.map((one) => [`${path.id}/${one.id}`, one])),
  );
  const told = [];
  for (const [name, sql] of answers) {
    const { kind, why, idea, names, facts, error } = await answer(engine, exercises[name], sql);
    const said = { why: why ?? null, idea: idea ?? null, names: names ?? null };
    told.push({ kind, ...said, facts, error: error?.message });
  }
  return told;
}
"""


class Silent(http.server.SimpleHTTPRequestHandler):
    """What `python -m http.server` does, without its log; it counts what it sends."""

    sent = 0

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""

    def copyfile(self, source: Any, outputfile: Any) -> None:
        """Sends a file."""
        content = source.read()
        type(self).sent += len(content)
        outputfile.write(content)


@pytest.fixture(scope="module")
def address(built: Checkout) -> Iterator[str]:
    """The site, as the one-line server gives it."""
    if not shutil.which("npm"):
        pytest.skip("no npm on this machine")
    done = built.command("learn", SANS_SERVEUR="1")
    assert done.returncode == 0, done.stdout + done.stderr
    handler = functools.partial(Silent, directory=str(built.folder / "build" / "apprendre"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def page(browser: Browser, address: str) -> Iterator[Page]:
    """One page for all; any error of its console and any request elsewhere fails the last test."""
    context = browser.new_context(locale="fr-BE")
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE)
    faults: list[str] = []
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    context.on(
        "request",
        lambda asked: None if asked.url.startswith((address, "data:", "blob:")) else faults.append(asked.url),
    )
    yield opened
    context.close()
    assert faults == []


def ready(page: Page) -> None:
    page.locator("#chargement").wait_for(state="hidden")


def ask(page: Page, sql: str) -> str:
    page.fill("#requete", sql)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".boutons .principal:not([disabled])")
    return page.inner_text("#reponse")


def test_the_first_right_answer_takes_the_keyboard_and_little_time(page: Page, address: str) -> None:
    Silent.sent = 0
    begun = time.monotonic()
    page.goto(address)
    page.get_by_role("link", name="Commencer").press("Enter")
    page.wait_for_url("**/#/1-lire/communes")
    # Typed before PostgreSQL is there: it is played as soon as it can be.
    page.focus("#requete")
    page.keyboard.press("Control+End")
    page.keyboard.press("Control+a")
    page.keyboard.type("select nom, code_nis from commun.dim_commune_actuelle")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".note.good")
    assert time.monotonic() - begun < 60
    assert Silent.sent < MOST_BYTES
    assert page.locator("#resultat tbody tr").count() == 35
    assert "35 lignes" in page.inner_text("#resultat caption")
    # Tab leaves the editor, and the next button is the one that plays.
    page.focus("#requete")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Exécuter et vérifier"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Un indice"


def test_every_solution_is_right_and_every_wrong_answer_is_told_its_mistaken_idea(
    page: Page, address: str, built: Checkout
) -> None:
    courses = read_courses(built.folder)
    expected: dict[tuple[str, str], tuple[str, str | None]] = {}
    for course, one in courses.items():
        for exercise in one.exercises:
            name = f"{course}/{exercise.name}"
            expected[name, exercise.solution] = ("right", None)
            for wrong in exercise.wrong:
                expected[name, wrong.sql] = ("wrong", wrong.idea)
            if exercise.start:
                expected[name, exercise.start] = ("wrong", None)
    assert len([kind for kind, _ in expected.values() if kind == "right"]) == 30
    page.goto(address)
    told = page.evaluate(PLAY, list(expected))
    faults = []
    for (place, sql), (kind, idea), found in zip(expected, expected.values(), told, strict=True):
        if kind == "right":
            good = (
                found["kind"] == "right"
                and found["names"] is None
                and (found["facts"]["expected"] > 1 or "count(*)" in sql)
            )
        else:
            good = found["kind"] in ("wrong", "refused") and (idea is None or found["idea"] == idea)
        if not good:
            faults.append(
                f"{place}: {idea or kind} expected of\n{sql}\n{json.dumps(found, ensure_ascii=False)}"
            )
    assert not faults, "\n\n".join(faults)
    assert {idea for _, idea in expected.values() if idea} == set(read_ideas(built.folder))


def test_the_ideas_are_tried_in_the_order_of_the_reviewed_file(page: Page, built: Checkout) -> None:
    found = page.evaluate("async () => Object.keys((await import('./idees.js')).IDEAS)")
    assert found == list(read_ideas(built.folder))


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select nmo from commun.dim_commune_actuelle", "Vouliez-vous « nom » ?"),
        ("select nom from dim_commune_actuelle", "avec son schéma : commun.dim_commune_actuelle"),
        ("select nom from commun.dim_comune_actuele", "Vouliez-vous commun.dim_commune_actuelle ?"),
        ("select nom,\nfrom commun.dim_commune_actuelle", "Une virgule est de trop avant « from »"),
        ("select nom from commun.dim_commune_actuelle where code_nis = 5", "ne se comparent pas"),
        ("select region_nom, count(*) from commun.dim_commune_actuelle", "n'est ni dans « group by »"),
        ("select count(*) from (select nom from commun.dim_commune_actuelle", "La requête s'arrête trop tôt"),
        ("select 1; select 2", "Il y a plusieurs requêtes"),
        ("drop table commun.dim_commune_actuelle", "Ici on lit seulement"),
        ("select 1 / 0", "Une division par zéro"),
        ("select cast('14 juin' as date)", "Une date s'écrit '2025-06-14'"),
        ("select * from {{ ref('dim_commune') }}", "Vouliez-vous ref('dim_commune_actuelle') ?"),
        ("-- rien", "La requête est vide"),
    ],
)
def test_what_postgresql_refuses_is_told_in_french(page: Page, address: str, sql: str, said: str) -> None:
    page.goto(f"{address}#/libre")
    ready(page)
    told = ask(page, sql)
    assert said in told, told
    assert page.evaluate("document.querySelector('#reponse [lang=en]')?.textContent ?? 'PostgreSQL'")


def test_a_query_that_never_ends_is_stopped_and_the_next_one_answers(page: Page, address: str) -> None:
    page.goto(f"{address}#/libre")
    ready(page)
    many = ", ".join(f"commun.fct_population_commune as t{number}" for number in range(6))
    assert "trop longue" in ask(page, f"select count(*) from {many}")
    assert ask(page, "select count(*) from commun.dim_commune_actuelle") == ""
    assert page.inner_text("#resultat tbody") == "35"


def test_a_result_says_where_its_columns_come_from_and_draws_itself(page: Page, address: str) -> None:
    page.goto(f"{address}#/libre")
    ready(page)
    ask(
        page,
        "with e as (select * from age.dim_etablissement) "
        "select commune_nom as commune, count(*) as etablissements from e group by commune_nom",
    )
    page.click("text=D'où viennent ces colonnes")
    origins = page.inner_text(".origines")
    assert "commune (commune_nom) de age.dim_etablissement" in origins
    assert "raw_age.signaletique_fase" in origins and "reçue telle quelle" in origins
    assert "Calculée dans votre requête." in origins
    page.click("text=Graphique : etablissements par commune")
    assert page.locator(".graphique rect").count() == page.locator("#resultat tbody tr").count()
    ask(page, "select date_marche, count(*) as marches from ags.fct_marche group by date_marche")
    page.click("text=Graphique : marches par date_marche")
    assert page.locator(".graphique polyline").count() == 1


def test_hints_come_one_by_one_and_progress_and_drafts_stay_here(page: Page, address: str) -> None:
    page.goto(f"{address}#/1-lire/communes")
    page.fill("#requete", "select 'mon brouillon'")
    page.get_by_role("button", name="Un indice").click()
    assert "Indice 1 sur 2" in page.inner_text("#reponse")
    page.get_by_role("button", name="Un autre indice").click()
    page.get_by_role("button", name="Voir une solution").click()
    assert "select nom, code_nis" in page.inner_text("#reponse")
    page.reload()
    assert page.input_value("#requete") == "select 'mon brouillon'"
    page.goto(f"{address}#/")
    assert page.locator(".etapes .fait").count() == 1
    page.get_by_role("link", name="Continuer : Choisir des lignes").wait_for()


def test_a_certificate_is_printed_once_all_is_done_and_keeps_no_name(page: Page, address: str) -> None:
    page.goto(f"{address}#/certificat/1-lire")
    assert page.inner_text("h1") == "Pas encore"
    page.evaluate(
        "async () => { const { finish } = await import('./progres.js');"
        "const content = await (await fetch('contenu.json')).json();"
        "for (const one of content.parcours[0].exercices) finish(`1-lire/${one.id}`); }"
    )
    page.reload()
    page.fill("#nom", "Une personne <b>inventée</b>")
    said = page.inner_text(".certificat")
    assert "Une personne <b>inventée</b> a réussi" in said and "Quand rien n'est écrit" in said
    page.emulate_media(media="print")
    assert not page.is_visible("#nom") and page.is_visible(".certificat")
    page.emulate_media(media="screen")
    assert "inventée" not in page.evaluate("JSON.stringify(localStorage)")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_nothing_and_no_view_is_wider_than_the_screen(
    page: Page, address: str, built: Checkout, theme: Any
) -> None:
    axe = (built.folder / INSTALLED / "node_modules" / "axe-core" / "axe.min.js").read_text("utf-8")
    page.emulate_media(color_scheme=theme)
    for view in ("", "#/3-compter/par_reseau", "#/libre", "#/certificat/1-lire"):
        page.goto(f"{address}{view}")
        page.reload()
        ready(page)
        if "par_reseau" in view:
            ask(page, "select reseau, count(*) as n from age.dim_etablissement group by reseau limit 3")
            page.click("text=Graphique")
            page.click("text=D'où viennent ces colonnes")
        page.evaluate(axe)
        found = page.evaluate(
            "async () => (await axe.run()).violations.map((one) => [one.id, one.nodes[0].html])"
        )
        assert found == [], view
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (view, width)


def test_a_page_opened_as_a_file_says_what_to_do(browser: Browser, built: Checkout) -> None:
    page = browser.new_page()
    page.goto((built.folder / "build" / "apprendre" / "index.html").as_uri())
    assert "python3 -m http.server" in page.inner_text("#attente")
    page.close()


def test_firefox_answers_too(address: str) -> None:
    program = shutil.which("firefox-esr") or shutil.which("firefox")
    if not program:
        pytest.skip("no Firefox on this machine")
    with tempfile.TemporaryDirectory() as profile, Firefox(program, Path(profile)) as bidi:
        context = bidi("browsingContext.getTree")["contexts"][0]["context"]
        bidi("browsingContext.navigate", context=context, url=address, wait="complete")
        solution = "select nom, code_nis\nfrom commun.dim_commune_actuelle"
        said = bidi(
            "script.evaluate",
            expression=f"({PLAY})({json.dumps([['1-lire/communes', solution]])}).then(JSON.stringify)",
            target={"context": context},
            awaitPromise=True,
        )
        assert json.loads(said["result"]["value"])[0]["kind"] == "right"


class Firefox:
    """Firefox without a window, driven by WebDriver BiDi; called with a command, it gives the answer.

    Args:
        program: of Firefox.
        profile: an empty folder.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self.command = [
            program,
            "--headless",
            "--no-remote",
            "--profile",
            str(profile),
            "--remote-debugging-port=0",
        ]
        self.number = 0

    def __enter__(self) -> Firefox:
        self.process = subprocess.Popen(
            self.command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        assert self.process.stderr
        line = next(line for line in self.process.stderr if "WebDriver BiDi listening on" in line)
        self.opened = connect(f"{line.split()[-1]}/session", max_size=None)
        self.socket = self.opened.__enter__()
        self("session.new", capabilities={})
        return self

    def __call__(self, method: str, **params: Any) -> Any:
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": params}))
        while True:
            told = json.loads(self.socket.recv(timeout=PATIENCE / 1000))
            if told.get("id") == self.number:
                assert told["type"] == "success", told
                return told["result"]

    def __exit__(self, *_: object) -> None:
        self.opened.__exit__(None, None, None)
        self.process.terminate()
        self.process.wait(timeout=20)
