"""dbt whose errors quote no row: what PostgreSQL and Python say of data cites values, which logs would keep.

What PostgreSQL refuses most often is said in French (orchestration/refusals.py says it, for every tool).

`python -m orchestration.audit.discretion <dbt command>` is dbt itself, with that one difference.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestration.refusals import discreet, frames, in_french, told


def hide_values() -> None:
    """Makes dbt, in this process, tell errors about data without their values."""
    from dbt.adapters.postgres.connections import PostgresConnectionManager

    original = PostgresConnectionManager.exception_handler
    if hasattr(original, "original"):
        return

    @contextmanager
    def exception_handler(self: Any, sql: str) -> Iterator[None]:
        with original(self, sql), _without_values():
            yield

    exception_handler.original = original  # type: ignore[attr-defined]
    PostgresConnectionManager.exception_handler = exception_handler
    _hide_unforeseen()


def said_of(error: BaseException) -> str:
    """What stopped a dbt command: dbt's own words, or no word of an error that dbt did not foresee."""
    from dbt_common.exceptions import DbtBaseException

    foreseen = isinstance(error, DbtBaseException) or not isinstance(error, Exception)
    return str(error) if foreseen else f"Erreur imprévue de dbt : {told(error)}"


def _hide_unforeseen() -> None:
    """What Python says of a value that it cannot read quotes it: dbt would log it, and its traceback."""
    from dbt.events import types
    from dbt.task.base import BaseRunner
    from dbt_common.events.functions import fire_event
    from dbt_common.exceptions import DbtBaseException

    handle = BaseRunner.handle_exception

    def handle_exception(self: Any, e: Exception, ctx: Any) -> str:
        if isinstance(e, DbtBaseException):
            return handle(self, e, ctx)
        fire_event(types.GenericExceptionOnRun(unique_id=self.node.unique_id, exc=said_of(e)))
        return said_of(e)

    BaseRunner.handle_exception = handle_exception
    types.MainEncounteredError.message = lambda event: f"Encountered an error:\n{ended_by(event)}"
    types.MainStackTrace.message = lambda event: frames(event.stack_trace)
    types.LogDebugStackTrace.message = lambda event: frames(event.exc_info)


def ended_by(event: Any) -> str:
    """What dbt's event MainEncounteredError, raised while the error is handled, may say of it."""
    error = sys.exc_info()[1]
    return event.exc if error is None else said_of(error)


@contextmanager
def _without_values() -> Iterator[None]:
    import psycopg2

    try:
        yield
    except psycopg2.DatabaseError as error:
        about = error.diag
        names = {
            "contrainte": about.constraint_name,
            "table": about.table_name,
            "colonne": about.column_name,
            "type": about.datatype_name,
        }
        first = about.message_primary or str(error)
        said = in_french(error.pgcode, first, names, str(error)) or discreet(first, error.pgcode, names)
        if said is None:
            raise
        # Not chained: a traceback in a log would tell the rest.
        raise type(error)(said) from None
    except Exception as error:
        from dbt_common.exceptions import DbtBaseException

        if isinstance(error, DbtBaseException | psycopg2.Error):
            raise
        # What Python says of a value that it cannot read quotes it.
        raise RuntimeError(told(error)) from None


if __name__ == "__main__":
    from dbt.cli.main import cli

    hide_values()
    sys.argv[0] = "dbt"
    cli()
