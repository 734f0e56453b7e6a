"""What Elementary's API takes for dbt: it asks for rows by the name of a macro, and gets the history's.

`run_operation` is the only method that elementary.monitor.api.report.report (0.25.1) calls.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from donnees_au_centre.french import LEAST, small
from donnees_au_centre.pages.elementary.artifacts import Artifacts, Row
from donnees_au_centre.pages.elementary.past import Past, Played
from donnees_au_centre.project.nodes import Source

# The history's words -> those of Elementary's macros, for tests and sources, and for what is built.
OF_TESTS = {"reussi": "pass", "averti": "warn", "echec": "fail", "erreur": "error", "saute": "skipped"}
OF_MODELS = {
    "reussi": "success",
    "averti": "success",
    "echec": "error",
    "erreur": "error",
    "saute": "skipped",
}
PREFIX = "elementary_cli."
SMALL_MESSAGE = f"Moins de {LEAST} cas en faute."


class HistoryRunner:
    """Answers Elementary's macros from a manifest and what was played.

    Args:
        artifacts: of the project.
        past: unique id -> results, oldest first; ids that the project no longer has are not looked at.
        now: the moment that the page speaks of.
    """

    def __init__(self, artifacts: Artifacts, past: Past, now: datetime) -> None:
        """Reads nothing yet."""
        self._artifacts, self._past, self._now = artifacts, past, now

    def run_operation(
        self, macro_name: str, macro_args: Mapping[str, Any] | None = None, **_: Any
    ) -> list[str]:
        """The rows of one macro, as JSON in a list of one: what a dbt runner of Elementary's returns.

        Args:
            macro_name: `elementary_cli.get_…`.
            macro_args: days and numbers of results; `past` is already cut to them.

        Raises:
            NotImplementedError: a macro that 0.25.1 does not ask for: Elementary has changed.
        """
        answer = getattr(self, f"_{macro_name.removeprefix(PREFIX)}", None)
        if answer is None:
            raise NotImplementedError(macro_name)
        return [json.dumps(list(answer()))]

    def _get_models(self) -> list[Row]:
        return self._artifacts.rows("model")

    def _get_seeds(self) -> list[Row]:
        return self._artifacts.rows("seed")

    def _get_snapshots(self) -> list[Row]:
        # The only kind that must say when it was described.
        return [{**row, "generated_at": _iso(self._now)} for row in self._artifacts.rows("snapshot")]

    def _get_sources(self) -> list[Row]:
        return self._artifacts.rows("source")

    def _get_exposures(self) -> list[Row]:
        return self._artifacts.exposure_rows()

    def _get_nodes_depends_on_nodes(self) -> Iterator[Row]:
        return self._artifacts.depends_on()

    def _get_dbt_models_test_coverage(self) -> list[Row]:
        return self._artifacts.coverage()

    def _get_singular_tests(self) -> Iterator[Row]:
        for unique_id, row in self._artifacts.test_rows.items():
            if row["test_sub_type"] == "singular":
                yield {
                    "unique_id": unique_id,
                    "name": row["test_name"],
                    "original_path": row["original_path"],
                    "package_name": row["package_name"],
                    "tags": row["tags"],
                }

    def _get_tests(self) -> Iterator[Row]:
        for unique_id, row in self._artifacts.test_rows.items():
            played = self._past.get(unique_id, [])
            yield {
                **row,
                "unique_id": unique_id,
                "name": row["test_name"],
                "description": row["test_description"],
                "type": row["test_sub_type"],
                "created_at": _iso(played[0].at) if played else None,
                "latest_run_time": _iso(played[-1].at) if played else None,
                "latest_run_status": OF_TESTS[played[-1].status] if played else None,
            }

    def _get_test_results(self) -> Iterator[Row]:
        for unique_id, row in self._artifacts.test_rows.items():
            played = self._past.get(unique_id, [])
            # An older result serves for its date, outcome and duration only: each field costs time.
            short = {
                key: row[key]
                for key in (
                    "test_unique_id",
                    "schema_name",
                    "test_type",
                    "test_sub_type",
                    "original_path",
                    "test_name",
                )
            }
            short |= {"meta": {}, "model_meta": {}, "test_params": {}}
            for rank, one in enumerate(reversed(played), 1):
                yield {
                    **(row if rank == 1 else short),
                    "id": f"{one.invocation.key}.{unique_id}",
                    "invocation_id": one.invocation.key,
                    "elementary_unique_id": unique_id,
                    "detected_at": _iso(one.at),
                    "test_results_description": message_of(one),
                    "status": OF_TESTS[one.status],
                    "failures": shown_failures(one),
                    "execution_time": one.seconds,
                    "days_diff": (self._now - one.at) / timedelta(days=1),
                    "invocations_rank_index": rank,
                }

    def _get_source_freshness_results(self) -> Iterator[Row]:
        for unique_id, source in self._artifacts.nodes.items():
            if not isinstance(source, Source) or not (played := self._past.get(unique_id)):
                continue
            row = self._artifacts.source_row(source)
            for rank, one in enumerate(reversed(played), 1):
                age = (one.at - one.received).total_seconds() if one.received else None
                yield {
                    **row,
                    "source_freshness_execution_id": f"{one.invocation.key}.{unique_id}",
                    "unique_id": unique_id,
                    "max_loaded_at": _iso(one.received) if one.received else None,
                    "max_loaded_at_time_ago_in_s": age,
                    "generated_at": _iso(one.at),
                    "snapshotted_at": _iso(one.at),
                    "status": OF_TESTS[one.status],
                    "original_status": OF_TESTS[one.status],
                    "error": one.message or None,
                    "invocation_id": one.invocation.key,
                    "invocations_rank_index": rank,
                }

    def _get_models_runs(self) -> Iterator[Row]:
        for unique_id, node in self._artifacts.nodes.items():
            if node.kind == "source":
                continue
            for one in self._past.get(unique_id, []):
                status = OF_MODELS[one.status]
                yield {
                    "unique_id": unique_id,
                    "invocation_id": one.invocation.key,
                    "name": node.name,
                    "schema": node.schema or None,
                    "status": status,
                    "execution_time": one.seconds if status == "success" else 0,
                    "materialization": node.materialized,
                    "generated_at": _iso(one.at),
                }

    def _get_models_latest_invocation(self) -> Iterator[Row]:
        for unique_id, one in self._latest():
            yield {"unique_id": unique_id, "invocation_id": one.invocation.key}

    def _get_models_latest_invocations_data(self) -> list[Row]:
        return [
            {
                "invocation_id": one.key,
                "detected_at": _iso(one.begun),
                "command": one.command,
                "selected": json.dumps([one.scope]),
                "full_refresh": False,
                "job_name": one.launcher,
                "job_id": one.launcher,
                "orchestrator": one.launcher.partition(" ")[0],
            }
            for one in {played.invocation.key: played.invocation for _, played in self._latest()}.values()
        ]

    def _get_test_last_invocation(self) -> list[Row]:
        results = (one for test in self._artifacts.tests for one in self._past.get(test, ()))
        newest = max(results, key=lambda one: one.at, default=None)
        if newest is None:
            return []
        return [{"invocation_id": newest.invocation.key, "detected_at": _iso(newest.at)}]

    def _latest(self) -> Iterator[tuple[str, Played]]:
        for unique_id, node in self._artifacts.nodes.items():
            if node.kind != "source" and (played := self._past.get(unique_id)):
                yield unique_id, played[-1]


def message_of(played: Played) -> str | None:
    """The noted message; in place of one that tells a small count, a sentence that does not."""
    if played.failures and small(played.failures):
        return SMALL_MESSAGE
    return played.message or None


def shown_failures(played: Played) -> int | None:
    """Rows in fault of a control that found some; None when there are none, or too few to tell."""
    return played.failures if played.failures and not small(played.failures) else None


def _iso(moment: datetime) -> str:
    return moment.isoformat()
