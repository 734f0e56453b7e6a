"""What Elementary's API is told, from a manifest and results made by hand."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from importlib.metadata import version

import pytest

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages.elementary import page
from donnees_au_centre.pages.elementary.artifacts import Artifacts
from donnees_au_centre.pages.elementary.past import MOST, Invocation, Played, points
from donnees_au_centre.pages.elementary.runner import HistoryRunner
from tests import past_runs as runs

RUN = Invocation("cle-1", runs.NOW, "build", "dagster age", "age")


def played(status: str, message: str = "", failures: int | None = None, days_ago: float = 0) -> Played:
    return Played(RUN, runs.NOW - timedelta(days=days_ago), status, 1.5, failures, None, message)


def ask(past: dict[str, list[Played]], macro: str) -> list[dict]:
    (answer,) = HistoryRunner(Artifacts(runs.project()), past, runs.NOW).run_operation(
        f"elementary_cli.{macro}"
    )
    return json.loads(answer)


def latest(past: dict[str, list[Played]], unique_id: str) -> dict:
    found = [row for row in ask(past, "get_test_results") if row["test_unique_id"] == unique_id]
    return min(found, key=lambda row: row["invocations_rank_index"])


def test_the_page_is_made_for_one_version_of_elementary() -> None:
    installed = version("elementary-data")
    assert installed == page.VERSION, (
        f"elementary-data {installed}: its API and its page are internal and may have changed. "
        "Look at `make report`, at what elementary_cli's macros now return and at the columns of the page; "
        "run tests/unit/test_elementary_runner.py and tests/e2e/test_elementary_page.py; then change "
        "donnees_au_centre/pages/elementary/page.py's VERSION."
    )


def test_elementary_asks_nothing_that_the_runner_does_not_answer() -> None:
    past = {one: [played("reussi")] for one in (runs.MART, runs.GOOD, runs.ECOLES)}
    asked = []

    class Listening(HistoryRunner):
        def run_operation(self, macro_name, macro_args=None, **more):
            asked.append(macro_name)
            return super().run_operation(macro_name, macro_args, **more)

    from elementary.monitor.api.report.report import ReportAPI

    _, error = ReportAPI(Listening(Artifacts(runs.project()), past, runs.NOW)).get_report_data(days_back=30)
    assert error is None
    assert len(set(asked)) == 14
    with pytest.raises(NotImplementedError):
        HistoryRunner(Artifacts(runs.project()), past, runs.NOW).run_operation("elementary_cli.get_new")


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("reussi", "pass"), ("averti", "warn"), ("echec", "fail"), ("erreur", "error")],
)
def test_each_outcome_of_a_test_has_its_word(ours: str, theirs: str) -> None:
    assert latest({runs.GOOD: [played(ours)]}, runs.GOOD)["status"] == theirs


@pytest.mark.parametrize(
    ("ours", "theirs"), [("reussi", "success"), ("erreur", "error"), ("saute", "skipped")]
)
def test_each_outcome_of_a_model_has_its_word(ours: str, theirs: str) -> None:
    (row,) = ask({runs.MART: [played(ours)]}, "get_models_runs")
    assert (row["status"], row["execution_time"]) == (theirs, 1.5 if ours == "reussi" else 0)


def test_a_failing_test_tells_what_it_checks_who_answers_and_what_dbt_said() -> None:
    row = latest({runs.FAILED: [played("echec", runs.FAILING_MESSAGE, 7)]}, runs.FAILED)
    assert row["test_description"] == runs.FAILING_TEXT
    assert row["owners"] == [runs.OWNER, runs.STEWARD]
    assert row["test_results_description"] == runs.FAILING_MESSAGE
    assert (row["failures"], row["model_unique_id"], row["column_name"]) == (7, runs.MART, "fase")
    assert set(row["tags"]) == {"age", "cles"}


def test_a_test_about_nothing_in_particular_is_its_domain_s() -> None:
    row = latest({runs.TYPING: [played("reussi")]}, runs.TYPING)
    assert (row["model_unique_id"], row["owners"]) == (None, ["bureau@fwb.example"])


@pytest.mark.parametrize(("rows", "shown"), [(1, None), (4, None), (5, 5), (12, 12)])
def test_a_small_count_of_rows_is_told_nowhere(rows: int, shown: int | None) -> None:
    message = f"Got {rows} results, configured to fail if != 0"
    past = {runs.FEW: [played("echec", message, rows, days_ago=1), played("echec", message, rows)]}
    found = [row for row in ask(past, "get_test_results") if row["test_unique_id"] == runs.FEW]
    assert len(found) == 2
    for row in found:
        assert row["failures"] == shown
        assert row["test_results_description"] == (message if shown else "Moins de 5 cas en faute.")
    data = page.report_data(Artifacts(runs.project()), past, runs.NOW, 30)
    (result,) = data["test_results"][runs.MART]
    assert result["test_results"]["failed_rows_count"] == (shown or -1)
    runs_of_it = data["test_runs"][runs.MART][0]["test_runs"]["invocations"]
    assert {one["affected_rows"] for one in runs_of_it} == {shown}


def test_digits_of_an_error_are_not_rows() -> None:
    data = page.report_data(
        Artifacts(runs.project()), {runs.FAILED: [played("erreur", runs.ERROR_MESSAGE)]}, runs.NOW, 30
    )
    assert data["test_results"][runs.MART][0]["test_results"]["failed_rows_count"] == -1


def test_the_sql_of_a_test_is_shown_unless_it_reads_about_persons() -> None:
    past = {one: [played("echec")] for one in (runs.GOOD, runs.BROKEN)}
    assert latest(past, runs.GOOD)["test_results_query"] == "select 1 from age.fct_ecole"
    manifest = json.dumps(runs.project().content)
    assert "donnee_personnelle" in manifest and "nom = 'X'" in manifest
    assert latest(past, runs.BROKEN)["test_results_query"] is None


def test_what_is_not_of_the_project_is_left_out() -> None:
    past = {one: [played("reussi")] for one in (runs.FOREIGN, runs.VANISHED, runs.MART, runs.GOOD)}
    data = page.report_data(Artifacts(runs.project()), past, runs.NOW, 30)
    text = json.dumps(data)
    assert runs.MART in text and runs.GOOD in text
    for gone in (runs.FOREIGN, runs.VANISHED, "model.disparu.x", "elementary"):
        assert gone not in text.replace("elementary_unique_id", ""), gone


def test_an_empty_history_makes_a_page_too() -> None:
    data = page.report_data(Artifacts(runs.project()), {}, runs.NOW, 30)
    assert len(data["models"]) == 8
    assert data["test_results"] == {} and data["model_runs"] == []


def test_the_lineage_has_every_node_and_only_edges_between_them() -> None:
    lineage = page.report_data(Artifacts(runs.project()), {}, runs.NOW, 30)["lineage"]
    nodes = {node["id"] for node in lineage["nodes"]}
    assert nodes == {
        runs.ECOLES, runs.BATIMENTS, runs.SEED, runs.STAGING, runs.MART, runs.CROSSING, runs.SNAPSHOT,
        runs.EXPOSURE,
    }  # fmt: skip
    assert set(map(tuple, lineage["edges"])) == {
        (runs.STAGING, runs.ECOLES), (runs.MART, runs.STAGING), (runs.MART, runs.SEED),
        (runs.CROSSING, runs.MART), (runs.SNAPSHOT, runs.MART), (runs.EXPOSURE, runs.CROSSING),
    }  # fmt: skip


def test_the_page_holds_its_data_and_asks_for_nothing() -> None:
    data = page.report_data(Artifacts(runs.project()), {runs.GOOD: [played("reussi")]}, runs.NOW, 30)
    text = page.render(data)
    assert text.startswith("<!DOCTYPE html>")
    head = text.partition("window.elementaryData")[0]
    assert re.findall(r'(?:href|src)="([^"]*)"', head) == ["data:,"]
    assert "connect-src 'none'" in head and "default-src 'none'" in head
    assert "jaffle_shop" not in text and "googleapis" not in text
    encoded = re.search(r"atob\('([^']*)'\)", text)
    assert encoded is not None
    assert json.loads(base64.b64decode(encoded[1])) == json.loads(json.dumps(data))
    assert data["tracking"] is None


def test_the_data_are_those_that_elementary_would_write(monkeypatch: pytest.MonkeyPatch) -> None:
    past = {one: [played("echec", "Got 7 results", 7)] for one in (runs.GOOD, runs.CARDS, runs.MART)}
    made = []
    whole = page._plain
    monkeypatch.setattr(page, "_plain", lambda schema: made.append(schema.copy(deep=True)) or whole(schema))
    data = page.report_data(Artifacts(runs.project()), past, runs.NOW, 30)
    theirs = made[0].dict()
    assert theirs["models"][runs.EXPOSURE]["owner"]["email"] == "carte@fwb.example"
    for part in set(theirs) - {"creation_time", "test_results", "test_runs"}:
        assert data[part] == theirs[part], part


def test_a_number_that_json_has_no_word_for_is_written_in_words() -> None:
    text = page.render({"median": float("inf"), "rate": [float("nan")]})
    encoded = re.search(r"atob\('([^']*)'\)", text)
    assert encoded is not None
    assert json.loads(base64.b64decode(encoded[1])) == {"median": "Infinity", "rate": ["NaN"]}


def test_a_page_of_another_shape_is_refused(tmp_path, monkeypatch) -> None:
    (tmp_path / "index.html").write_text("<html></html>", encoding="utf-8")
    monkeypatch.setattr(page, "files", lambda _: tmp_path)
    with pytest.raises(PlatformError, match="n'a plus la forme connue"):
        page.render({})


def test_more_nodes_have_fewer_results_each() -> None:
    assert points(0) == points(100) == MOST
    assert points(1240) == 5
    assert points(470) == 12
    assert points(100_000) == 5
