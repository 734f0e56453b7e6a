"""The pages are written each by itself: one that fails takes no other with it, and says so in French."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from unittest.mock import MagicMock

import pytest

from donnees_au_centre.cli import report as command
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.pages import managers, reports
from donnees_au_centre.pages.workbooks import Workbooks
from donnees_au_centre.settings import Settings
from tests import past_runs as runs


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(Settings.load({}), build=tmp_path / "build")


def test_elementary_is_written_below_build(database: str, settings: Settings) -> None:
    runs.make_history(database)
    runs.note_runs(database)
    made = reports.write_reports(settings, database, runs.project(), runs.NOW)
    page = settings.build / "reports" / "elementary.html"
    assert made.written["Rapport Elementary"] == page and page.is_file()
    assert f"Rapport Elementary : {page}" in str(made)


def test_without_a_history_the_way_to_one_is_told(database: str, settings: Settings) -> None:
    made = reports.write_reports(settings, database, runs.project(), runs.NOW)
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

    monkeypatch.setattr(reports, "writers", lambda *_: {"A": wrong, "B": broken, "C": right})
    made = reports.write_reports(settings, database, runs.project(), runs.NOW)
    assert list(made.written) == ["C"]
    assert made.faults[0] == "A : Le graphique est faux.\nQue faire : Corrigez-le."
    assert "SQLSTATE 25006" in made.faults[1] and "Que faire : relancez make report" in made.faults[1]


@pytest.mark.parametrize(
    ("noted", "said"),
    [(0, "0 nouvelle note lue"), (1, "1 nouvelle note lue"), (12, "12 nouvelles notes lues")],
)
def test_the_folder_of_the_workbooks_and_the_notes_read_are_told(
    database: str, settings: Settings, monkeypatch: pytest.MonkeyPatch, noted: int, said: str
) -> None:
    runs.make_history(database)
    runs.note_runs(database)
    done = Workbooks(messages=["a.xlsx est ouvert."], noted=noted)
    monkeypatch.setattr(managers, "write_workbooks", lambda *_: done)
    made = reports.write_reports(settings, database, runs.project(), runs.NOW)
    folder = settings.build / "reports" / "gestionnaires"
    assert made.notices == (f"Classeurs des gestionnaires : {folder} ({said})", "a.xlsx est ouvert.")
    assert f"\n{made.notices[0]}\n" in str(made)


@pytest.mark.parametrize(
    ("faults", "said"),
    [
        (1, "1 rapport n'a pas pu être écrit ; les autres le sont."),
        (2, "2 rapports n'ont pas pu être écrits ; les autres le sont."),
    ],
)
def test_the_reports_that_are_missing_are_counted(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, faults: int, said: str
) -> None:
    missing = reports.Reports({}, ("une page manque",) * faults)
    for name in ("Session", "read_manifest"):
        monkeypatch.setattr(command, name, MagicMock())
    monkeypatch.setattr(command, "write_reports", lambda *_: missing)
    with pytest.raises(PlatformError) as refused:
        command.report(settings, {})
    assert refused.value.message == said
