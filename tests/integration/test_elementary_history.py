"""What the history says, brought down to what Elementary's page shows."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from donnees_au_centre.history.structure import grant_rights
from donnees_au_centre.pages.elementary import write_report
from donnees_au_centre.pages.elementary.artifacts import Artifacts
from donnees_au_centre.pages.elementary.page import report_data
from donnees_au_centre.pages.elementary.past import read_past
from donnees_au_centre.quality.reading import read_quality
from tests import past_runs as runs


@pytest.fixture
def history(database: str) -> str:
    runs.make_history(database)
    return database


def results(data: dict) -> dict[str, str]:
    return {
        result["metadata"]["test_unique_id"]: result["metadata"]["latest_run_status"]
        for found in data["test_results"].values()
        for result in found
    }


def test_the_counts_are_those_of_the_managers_pages(history: str) -> None:
    runs.note_runs(history)
    manifest = runs.project()
    artifacts = Artifacts(manifest)
    with psycopg.connect(history) as connection:
        past = read_past(connection, artifacts.played_ids, runs.NOW, 30)
        quality = read_quality(connection, manifest, runs.NOW, 30)
    shown = results(report_data(artifacts, past, runs.NOW, 30))
    words = {"pass": "reussi", "warn": "averti", "fail": "echec", "error": "erreur"}
    assert {one: words[status] for one, status in shown.items()} == {
        control.unique_id: control.outcome for control in quality.controls
    }
    assert Counter(shown.values()) == {"pass": 4, "warn": 2, "fail": 5, "error": 1}
    assert {runs.OLD, runs.SKIPPED} < set(shown)
    assert not {runs.NEVER, runs.VANISHED} & set(shown)


def test_few_results_are_all_kept_and_many_keep_their_worst_and_their_newest(history: str) -> None:
    begun = [runs.NOW - timedelta(hours=hours) for hours in range(29 * 24, 0, -6)]
    bad = {3, 50, 100}
    with psycopg.connect(history) as connection:
        for rank, moment in enumerate(begun):
            outcome = "echec" if rank in bad else "reussi"
            more = {"fautes": rank + 5, "message": f"Got {rank + 5} results"} if rank in bad else {}
            often = [runs.result(runs.GOOD, outcome, **more), runs.result(runs.MART, "reussi", duree_ms=rank)]
            seldom = [runs.result(runs.FAILED, "reussi")] if rank % 20 == 0 else []
            runs.note(connection, moment, [*often, *seldom])
        past = read_past(connection, [runs.GOOD, runs.MART, runs.FAILED], runs.NOW, 30)
        # 400 nodes: 15 slices of two days.
        ids = [runs.GOOD, runs.MART, runs.FAILED, *(f"test.x.{number}" for number in range(397))]
        cut = read_past(connection, ids, runs.NOW, 30)
    assert len(begun) == 116
    assert len(past[runs.FAILED]) == len(cut[runs.FAILED]) == 6
    for found, most in ((past, 60), (cut, 15)):
        assert most - 2 <= len(found[runs.GOOD]) <= most + 1
        assert [one.failures for one in found[runs.GOOD] if one.status == "echec"] == [8, 55, 105]
        assert next(one.message for one in found[runs.GOOD] if one.failures == 8) == "Got 8 results"
        assert found[runs.MART][-1].seconds == 0.115
        moments = [one.at for one in found[runs.GOOD]]
        assert moments == sorted(moments) and moments[-1] == begun[-1] + timedelta(seconds=1)


def test_a_run_noted_late_stands_where_it_was(history: str) -> None:
    with psycopg.connect(history) as connection:
        runs.note(connection, runs.NOW - timedelta(hours=1), [runs.result(runs.GOOD, "reussi")])
        runs.note(connection, runs.NOW - timedelta(hours=9), [runs.result(runs.GOOD, "echec")])
        runs.note(connection, runs.NOW + timedelta(hours=1), [runs.result(runs.GOOD, "erreur")])
        past = read_past(connection, [runs.GOOD], runs.NOW, 30)
    assert [one.status for one in past[runs.GOOD]] == ["echec", "reussi"]


def test_the_role_of_reports_is_enough(history: str, tmp_path: Path) -> None:
    runs.note_runs(history)
    with psycopg.connect(history, autocommit=True) as admin:
        had = admin.execute("select from pg_roles where rolname = 'rapport'").fetchone()
        if had is None:
            admin.execute("create role rapport nologin")
        try:
            grant_rights(admin)
            with psycopg.connect(history) as connection:
                connection.execute("set role rapport")
                page = write_report(connection, runs.project(), tmp_path / "x" / "elementary.html", runs.NOW)
            assert page.stat().st_size > 3_000_000
        finally:
            admin.execute("drop owned by rapport")
            if had is None:
                admin.execute("drop role rapport")


def test_a_page_that_says_all_of_it_is_kept(history: str, tmp_path: Path) -> None:
    runs.note_runs(history)
    page, project, reused = tmp_path / "elementary.html", runs.project(), "Repris : rien n'a changé."
    with psycopg.connect(history, autocommit=True) as connection:

        def written(hours: float) -> bool:
            before = page.stat().st_mtime_ns if page.exists() else None
            write_report(connection, project, page, runs.NOW + timedelta(hours=hours))
            return page.stat().st_mtime_ns != before

        def note(hours: float, *messages: str) -> None:
            played = [runs.result(runs.GOOD, "reussi", message=one) for one in messages]
            runs.note(connection, runs.NOW + timedelta(hours=hours), played)

        assert written(0) and not written(0)
        note(0.1, reused)
        assert not written(0.2)
        note(0.3, "")
        assert written(0.4)
        note(0.5, reused)
        assert not written(0.6)
        assert written(24)
