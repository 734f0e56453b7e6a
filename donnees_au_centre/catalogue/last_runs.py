"""What the last runs say of data sets: tests, rows, receipts; read in files, never in the database."""

from __future__ import annotations

import calendar
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from donnees_au_centre.landing.rejects import MOTIFS
from donnees_au_centre.project.datasets import Refresh
from donnees_au_centre.project.reader import time_of
from donnees_au_centre.settings import Settings

# Commands of dbt whose results are facts about data; `compile` and `show` also write a run_results.json.
BUILDING = ("build", "run", "test", "seed")
# dbt's words for the outcome of a model and of a test -> ours, the worst last.
OUTCOMES = {
    "success": "reussi",
    "pass": "reussi",
    "skipped": "saute",
    "warn": "averti",
    "fail": "echec",
    "error": "erreur",
    "runtime error": "erreur",
}


@dataclass(frozen=True)
class Result:
    """The newest result of one model or test. dbt's message is left out: it may quote a value of a row.

    Attributes:
        outcome: a value of OUTCOMES.
        failures: rows that a test found; 0 for a model.
        rows: rows a table was built with; None for a view or a test.
        at: when, UTC.
    """

    outcome: str
    failures: int
    rows: int | None
    at: datetime


@dataclass(frozen=True)
class Received:
    """What is in a source table, as the last summary counted it.

    Attributes:
        files, rows: received.
        aside: reason -> lines kept aside, unreadable ones and rejects of typing.
        anomalies: reason -> cells that staging made null.
        at: last receipt, UTC; None when nothing came, or the summary does not say.
        failure: True when the last load of this table failed.
    """

    files: int
    rows: int
    aside: Mapping[str, int]
    anomalies: Mapping[str, int]
    at: datetime | None
    failure: bool


@dataclass(frozen=True)
class Knowledge:
    """All that is known of the last runs.

    Attributes:
        results: unique id of a model or test -> its newest result.
        received: `<domain>.<source>.<table>` -> what it holds.
        made_at: when the last summary was made; None without one.
    """

    results: Mapping[str, Result]
    received: Mapping[str, Received]
    made_at: datetime | None


def read_knowledge(settings: Settings) -> Knowledge:
    """Reads build/summary.json and dbt's results for the database of these settings; nothing is an error.

    A file that is absent, cut short or about another database says nothing.
    """
    files = [
        settings.target_path / "run_results.json",
        *settings.target_path.glob("runs/*/run_results.json"),
    ]
    summary = _json(settings.build / "summary.json")
    if summary.get("connection", {}).get("database") != settings.database:
        summary = {}
    received = {
        f"{one['domain']}.{one['source']}.{one['table']}": _received(one)
        for one in summary.get("sources", ())
    }
    return Knowledge(newest(map(_json, files)), received, time_of(summary.get("made_at")))


def newest(runs: Iterable[Mapping[str, Any]]) -> dict[str, Result]:
    """The newest result of each model and test.

    Args:
        runs: contents of run_results.json files.
    """
    found: dict[str, Result] = {}
    for run in runs:
        if run.get("args", {}).get("which") not in BUILDING or run["args"].get("empty"):
            continue
        for result in run.get("results", ()):
            read = _result(result, run)
            if read and (result["unique_id"] not in found or found[result["unique_id"]].at < read.at):
                found[result["unique_id"]] = read
    return found


def due(last: date, promise: Refresh) -> date:
    """The day by which new data are promised after the last ones."""
    if promise.unit in ("jour", "semaine"):
        return last + timedelta(days=promise.every * (7 if promise.unit == "semaine" else 1))
    months = last.year * 12 + last.month - 1 + promise.every * (12 if promise.unit == "annee" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(last.day, calendar.monthrange(year, month + 1)[1]))


def _result(result: Mapping[str, Any], run: Mapping[str, Any]) -> Result | None:
    outcome = OUTCOMES.get(result["status"])
    ends = [one["completed_at"] for one in result.get("timing", ()) if one.get("completed_at")]
    at = time_of(ends[-1] if ends else run.get("metadata", {}).get("generated_at"))
    if outcome is None or at is None:
        return None
    response = result.get("adapter_response") or {}
    # A test selects its failures: only a table's own response counts rows of it.
    is_model = result["unique_id"].startswith(("model.", "seed."))
    rows = response.get("rows_affected") if is_model else None
    return Result(outcome, result.get("failures") or 0, rows if rows and rows >= 0 else None, at)


def _received(one: Mapping[str, Any]) -> Received:
    return Received(
        files=one["files"],
        rows=one["rows"],
        aside={
            **{
                f"illisible : {MOTIFS.get(reason, reason)}": lines
                for reason, lines in one["unreadable"].items()
            },
            **one["rejected"],
        },
        anomalies=dict(one["anomalies"]),
        at=time_of(one.get("last_received")),
        failure=one["failure"] is not None,
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
