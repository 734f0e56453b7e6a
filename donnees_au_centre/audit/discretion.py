"""dbt whose errors quote no row: what PostgreSQL and Python say of data cites values, which logs would keep.

What PostgreSQL refuses most often is said in French (donnees_au_centre/refusals.py says it, for every tool).

`python -m donnees_au_centre.audit.discretion <dbt command>` is dbt itself, with that one difference.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from donnees_au_centre.patching import patch
from donnees_au_centre.refusals import describe_error, discreet, frames, in_french


@cache
def hide_values() -> None:
    """Makes dbt, in this process, tell errors about data without their values."""
    from dbt.adapters.postgres.connections import PostgresConnectionManager

    original = PostgresConnectionManager.exception_handler

    @contextmanager
    def exception_handler(self: Any, sql: str) -> Iterator[None]:
        with original(self, sql), _without_values():
            yield

    patch(PostgresConnectionManager, exception_handler=exception_handler)
    _hide_unforeseen()


def said_of(error: BaseException) -> str:
    """What stopped a dbt command: dbt's own words, or no word of an error that dbt did not foresee."""
    cause = _unforeseen(error)
    return str(error) if cause is None else f"Erreur imprévue : {describe_error(cause)}"


def _unforeseen(error: BaseException | None) -> BaseException | None:
    """The error of Python, about a value, that an error of dbt is or repeats; None for words of dbt's own.

    Jinja's errors and those of a wrong call speak of the project's code.
    """
    import psycopg2
    from dbt_common.exceptions import DbtBaseException
    from jinja2 import TemplateError

    while isinstance(error, Exception):
        if not isinstance(error, DbtBaseException | TemplateError | TypeError | psycopg2.Error | _Told):
            return error
        error = error.__cause__
    return None


class _Told(RuntimeError):
    """An error whose words are already ours."""


def _hide_unforeseen() -> None:
    """What Python says of a value that it cannot read quotes it: dbt would log it, and its traceback."""
    from dbt.events import types
    from dbt.task.base import BaseRunner
    from dbt_common.events.functions import fire_event

    handle = BaseRunner.handle_exception

    def handle_exception(self: Any, e: Exception, ctx: Any) -> str:
        if _unforeseen(e) is None:
            return handle(self, e, ctx)
        node = self.node
        said = (
            f"Runtime Error in {node.resource_type} {node.name} ({node.original_file_path})\n  {said_of(e)}"
        )
        fire_event(types.GenericExceptionOnRun(unique_id=node.unique_id, exc=said))
        return said

    patch(BaseRunner, handle_exception=handle_exception)
    patch(types.MainEncounteredError, message=lambda event: f"Encountered an error:\n{ended_by(event)}")
    patch(types.MainStackTrace, message=lambda event: frames(event.stack_trace))
    patch(types.LogDebugStackTrace, message=lambda event: frames(event.exc_info))


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
        raise _Told(describe_error(error)) from None


if __name__ == "__main__":
    from dbt.cli.main import cli

    hide_values()
    sys.argv[0] = "dbt"
    cli()
