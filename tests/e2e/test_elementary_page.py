"""Elementary's page as a person opens it: from the disk, in a real browser, without a network."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from donnees_au_centre.pages.elementary import write_report
from donnees_au_centre.quality.reading import read_quality
from donnees_au_centre.warehouse import EmbeddedServer
from tests import past_runs as runs

# The newest outcome of each control that the project still has, whatever our own code makes of it.
COUNTS = """
    select statut, count(*) from (
        select distinct on (noeud_id) noeud_id, statut from (
            select noeud_id, execution_id, statut from historique.resultats where statut <> 'saute'
            union all
            select noeud_id, execution_id, statut from historique.fraicheurs
        ) as tous
        inner join historique.executions using (execution_id)
        order by noeud_id, commencee_le desc
    ) as derniers
    inner join historique.noeuds using (noeud_id)
    where unique_id like any (array['test.%%', 'source.%%']) and unique_id = any(%s)
    group by statut
"""
WORDS = {"reussi": "Passed", "averti": "Warning", "echec": "Failed", "erreur": "Error"}


@pytest.fixture(scope="module")
def conninfo(server: EmbeddedServer) -> Iterator[str]:
    server.ensure_database("essai_elementary")
    found = server.start().conninfo("essai_elementary")
    runs.make_history(found)
    runs.note_runs(found)
    yield found
    server.drop_database("essai_elementary")


@pytest.fixture(scope="module")
def report(conninfo: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("rapports") / "elementary.html"
    with psycopg.connect(conninfo) as connection:
        return write_report(connection, runs.project(), path, runs.NOW)


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page that fails its test on any error and on any request but for files and what it holds itself."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    opened = context.new_page()
    opened.set_default_timeout(60_000)
    faults: list[str] = []
    opened.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
    opened.on("pageerror", lambda error: faults.append(str(error)))
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    context.close()
    assert faults == []
    # A second file beside the page would be one too many.
    assert [
        url for url in asked if not url.startswith(("data:", "blob:")) and "elementary.html" not in url
    ] == []


def go(page: Page, report: Path, place: str) -> None:
    page.goto(f"{report.as_uri()}#/report/{place}")


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has=page.get_by_text(name, exact=True))


def cell(page: Page, name: str, column: str) -> Locator:
    return row(page, name).get_by_role("cell", name=column, exact=True)


def test_the_dashboard_counts_what_the_database_counts(page: Page, report: Path, conninfo: str) -> None:
    manifest = runs.project()
    with psycopg.connect(conninfo) as connection:
        known = [[*manifest.nodes, *manifest.sources]]
        counts = {WORDS[status]: number for status, number in connection.execute(COUNTS, known)}
        quality = read_quality(connection, manifest, runs.NOW)
    assert len(counts) == 4 and len(quality.controls) == sum(counts.values())
    go(page, report, "dashboard")
    total = page.get_by_label("Test results breakdown total value")
    expect(total).to_have_text(str(sum(counts.values())))
    chart = page.get_by_label("Test results breakdown pie chart")
    # The numbers appear when the chart has finished moving.
    numbers = chart.locator(".recharts-pie-labels text")
    expect(numbers).to_have_count(4)
    names = [part.get_attribute("name") or "" for part in chart.locator("path.recharts-sector").all()]
    assert dict(zip(names, map(int, numbers.all_text_contents()), strict=True)) == counts
    expect(page.get_by_label("Monitored tables total value")).to_have_text("7")


def test_the_list_of_tests_has_the_same_counts_and_only_the_project(page: Page, report: Path) -> None:
    go(page, report, "test-results")
    for words in ("All (12)", "Passed (4)", "Warnings (2)", "Errors (6)"):
        expect(page.get_by_text(words, exact=True)).to_be_visible()
    expect(cell(page, "fase_valide_fct_ecole_fase", "Last status")).to_have_text("Failure")
    shown = page.get_by_role("cell", name="Test name", exact=True).all_inner_texts()
    assert len(shown) == 12 and "not_null_fct_carte_fase" in shown
    text = page.inner_text("body")
    assert "disparu" not in text and "dbt_models" not in text


def test_a_failing_test_says_what_it_checks_who_answers_and_what_dbt_said(page: Page, report: Path) -> None:
    go(page, report, "test-results")
    owners = cell(page, "fase_valide_fct_ecole_fase", "Owners")
    for mailbox in (runs.OWNER, runs.STEWARD):
        expect(owners.get_by_label(mailbox)).to_be_visible()
    row(page, "fase_valide_fct_ecole_fase").click()
    expect(page.get_by_text(runs.FAILING_TEXT)).to_be_visible()
    expect(page.get_by_text(runs.FAILING_MESSAGE)).to_be_visible()
    row(page, "unique_fct_ecole_fase").click()
    expect(page.get_by_text("Moins de 5 cas en faute.")).to_be_visible()
    assert "Got 3 results" not in page.inner_text("body")
    row(page, "not_null_fct_ecole_fase").click()
    expect(page.get_by_text("select 1 from age.fct_ecole")).to_be_visible()


def test_the_lineage_leads_from_the_sources_to_the_dashboards(page: Page, report: Path) -> None:
    go(page, report, "lineage")
    page.get_by_text("models", exact=True).click()
    drawn = page.locator(".react-flow__node")
    expect(drawn).to_have_count(7)
    text = " ".join(drawn.all_inner_texts())
    for name in ("ecoles", "types", "stg_ecoles__ecoles", "fct_ecole", "fct_carte", "Carte des écoles"):
        assert name in text
    assert page.locator(".react-flow__edge").count() == 6


def test_the_models_show_their_times_and_how_they_ended(page: Page, report: Path) -> None:
    go(page, report, "model-runs")
    ends = {"fct_ecole": "Success", "stg_ecoles__ecoles": "Error", "fct_carte": "Skipped", "types": "Success"}
    for name, status in ends.items():
        expect(cell(page, name, "Last run status")).to_have_text(status)
    assert re.search(r"2\.5 Secs", cell(page, "fct_ecole", "Last exec. time").inner_text())
    go(page, report, "test-runs")
    expect(cell(page, "fase_valide_fct_ecole_fase", "Median exec. time")).to_contain_text("2.5 Secs")
    assert cell(page, "fase_valide_fct_ecole_fase", "Fail Rate").inner_text() == "50%"
