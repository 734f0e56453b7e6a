"""The freshness of sources that the loader fills: one question for all of them, where dbt asks one each."""

from __future__ import annotations

import threading
from datetime import UTC, datetime
from functools import cache
from typing import Any

import psycopg

from donnees_au_centre.building.connection import connected
from donnees_au_centre.patching import patch
from donnees_au_centre.refusals import describe_error, in_french

# What such a source declares, and what macros/naming/latest_receipt.sql asks for one of them, for all.
DECLARED = "{{ latest_receipt(this) }}"
RECEIPTS = """
    select concat('raw_', domaine), table_nom, max(recu_le), now()
    from plateforme.chargements
    where statut in ('charge', 'remplace', 'identique')
    group by domaine, table_nom
"""


@cache
def ask_receipts_once() -> None:
    """Has dbt, in this process, read the last receipts of a `source freshness` in one query."""
    from dbt.artifacts.schemas.freshness import SourceFreshnessResult
    from dbt.task.freshness import FreshnessRunner, FreshnessTask

    measured, prepared = FreshnessRunner.execute, FreshnessTask.get_runner

    def get_runner(self: Any, node: Any) -> Any:
        runner: Any = prepared(self, node)
        if not hasattr(self, "receipts"):
            self.receipts = _Receipts(self.config.credentials)
        runner.receipts = self.receipts
        return runner

    def execute(self: Any, compiled_node: Any, manifest: Any) -> Any:
        if (compiled_node.loaded_at_query or "").strip() != DECLARED:
            return measured(self, compiled_node, manifest)
        received, now = self.receipts.of(compiled_node.schema, compiled_node.identifier)
        found = self.adapter._create_freshness_response(received, now)
        return SourceFreshnessResult(
            node=compiled_node,
            status=compiled_node.freshness.status(found["age"]),
            thread_id=threading.current_thread().name,
            timing=[],
            execution_time=0,
            message=None,
            adapter_response={},
            failures=None,
            **found,
        )

    patch(FreshnessRunner, execute=execute)
    patch(FreshnessTask, get_runner=get_runner)


class _Receipts:
    """The last receipt of every raw table, asked when the first is wanted."""

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials
        self._lock = threading.Lock()
        self._found: dict[tuple[str, str], datetime] | None = None
        self._now = datetime.now(UTC)

    def of(self, schema: str, table: str) -> tuple[datetime | None, datetime]:
        """When a raw table last received a file, None if it never did; and the moment of the answer.

        Raises:
            DbtDatabaseError: the loads cannot be read.
        """
        from dbt_common.exceptions import DbtDatabaseError

        with self._lock:
            if self._found is None:
                try:
                    with connected(self._credentials, "fraîcheur des sources") as connection:
                        rows = connection.execute(RECEIPTS).fetchall()
                except psycopg.Error as error:
                    raise DbtDatabaseError(_said(error)) from None
                self._now = max((now for *_, now in rows), default=self._now)
                self._found = {(schema, table): received for schema, table, received, _ in rows}
        return self._found.get((schema, table)), self._now


def _said(error: psycopg.Error) -> str:
    """What PostgreSQL refused, and what to do, in French where it is known."""
    first = error.diag.message_primary or str(error)
    return in_french(error.sqlstate, first, {"table": error.diag.table_name}) or describe_error(error)
