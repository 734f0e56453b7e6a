"""The pages are written each by itself: one that fails takes no other with it, and says so in French."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.commands import report
from orchestration.errors import PlatformError
from orchestration.settings import Settings
from tests import past_runs as runs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.load({}), build=tmp_path / "build")


def test_elementary_is_written_below_build(database: str, settings: Settings) -> None:
    runs.make_history(database)
    runs.note_runs(database)
    made = report.write_reports(settings, database, runs.project(), runs.NOW)
    page = settings.build / "reports" / "elementary.html"
    assert made.written["Rapport Elementary"] == page and page.is_file()
    assert f"Rapport Elementary : {page}" in str(made)


def test_without_a_history_the_way_to_one_is_told(database: str, settings: Settings) -> None:
    made = report.write_reports(settings, database, runs.project(), runs.NOW)
    assert "Rapport Elementary" not in made.written
    assert "Rapport Elementary : pas encore d'histoire" in str(made) and "make demo" in str(made)


def test_a_page_that_fails_takes_no_other_with_it(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wrong(*_: object) -> Path:
        raise PlatformError("Le graphique est faux.", "Corrigez-le.")

    def broken(connection, *_: object) -> Path:
        connection.execute("create table public.trace ()")
        raise AssertionError("a report may write")

    def right(connection, manifest, folder: Path, now) -> Path:
        folder.mkdir(parents=True)
        (folder / "page.html").write_text("oui", encoding="utf-8")
        return folder / "page.html"

    monkeypatch.setattr(report, "writers", lambda *_: {"A": wrong, "B": broken, "C": right})
    made = report.write_reports(settings, database, runs.project(), runs.NOW)
    assert list(made.written) == ["C"]
    assert made.faults[0] == "A : Le graphique est faux.\nQue faire : Corrigez-le."
    assert "ReadOnlySqlTransaction" in made.faults[1] and "Que faire : relancez make report" in made.faults[1]
