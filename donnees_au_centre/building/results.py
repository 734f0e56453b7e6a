"""What dbt says of one node when it has finished with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from donnees_au_centre.history.recording import COMPILED, NodeOutcome, message_kept, word_of
from donnees_au_centre.project.versions import REUSED, is_apart

if TYPE_CHECKING:
    from dbt_common.events.base_types import EventMsg

GOOD = frozenset({"success", "pass", "no-op", "reused"})
BAD = frozenset({"error", "fail", "runtime error"})


@dataclass(frozen=True)
class NodeResult:
    """What became of one node.

    Attributes:
        unique_id: dbt's.
        status: dbt's: success, pass, warn, fail, error, skipped...
        message: dbt's message, empty when it has none.
        seconds: how long it took.
        failures: rows that a test found; 0 for the rest.
        rows: rows written, when the database says so.
        provisional: True for a mart that was built and whose readers do not see it yet; it comes again when
            it is known whether they do.
    """

    unique_id: str
    status: str
    message: str
    seconds: float
    failures: int
    rows: int | None
    provisional: bool = False

    @property
    def good(self) -> bool:
        """True for what succeeded without a warning."""
        return self.status in GOOD

    @property
    def reused(self) -> bool:
        """True for what was taken as it was."""
        return self.good and self.message.startswith(REUSED)

    @property
    def bad(self) -> bool:
        """True for what failed by itself; what was skipped because of it is not."""
        return self.status in BAD


def node_result(event: EventMsg) -> NodeResult:
    """Reads dbt's event NodeFinished."""
    result = event.data.run_result
    rows = result.adapter_response.fields["rows_affected"].number_value
    lines = result.message.splitlines()
    return NodeResult(
        unique_id=event.data.node_info.unique_id,
        status=result.status,
        # The compiled SQL goes with the run's folder; its path would lead nowhere.
        message="\n".join(line for line in lines if not line.strip().startswith(COMPILED)).strip(),
        seconds=round(result.execution_time, 3),
        failures=result.num_failures,
        rows=int(rows) if result.adapter_response.fields["code"].string_value == "SELECT" else None,
        provisional=is_apart(event.data.node_info.node_relation.schema),
    )


def outcome_of(result: NodeResult) -> NodeOutcome:
    """A result as the history has it, until dbt's own file says more."""
    status = word_of(result.status, result.message)
    return NodeOutcome(
        unique_id=result.unique_id,
        status=status,
        begun=datetime.now(UTC) - timedelta(seconds=result.seconds),
        seconds=result.seconds,
        rows=result.rows,
        failures=result.failures,
        message="" if status == "reussi" else message_kept(result.message),
    )
