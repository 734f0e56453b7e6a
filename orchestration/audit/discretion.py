"""dbt whose errors quote no row: PostgreSQL's messages about data cite values, which logs would keep.

What PostgreSQL refuses most often is said in French.

`python -m orchestration.audit.discretion <dbt command>` is dbt itself, with that one difference.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from orchestration.refusals import in_french

HIDDEN = "…"
# Classes of errors that speak of the project, the server or the connection, never of a row: kept whole.
_NOT_OF_ROWS = ("08", "0A", "25", "28", "2B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58")
# Raised by a function of the project, in words of its own: its first line only.
_RAISED = "P0001"
_QUOTED = re.compile(r"""["'«“„].*["'»”“]|\s?: .*""", re.DOTALL)


def discreet(message: str, code: str | None, names: dict[str, str | None]) -> str | None:
    """Says what failed without quoting the row.

    Args:
        message: PostgreSQL's first line (message_primary), in the language of the server.
        code: SQLSTATE; None for an error of the connection.
        names: what PostgreSQL names apart: contrainte, table, colonne…; None when it does not.

    Returns:
        The message for logs; None when the error's own text quotes no row.
    """
    if code is None or code.startswith(_NOT_OF_ROWS):
        return None
    kept = message if code == _RAISED else _QUOTED.sub(f" {HIDDEN}", message)
    known = ", ".join(f"{kind} {name}" for kind, name in names.items() if name)
    return f"{kept.rstrip()} [SQLSTATE {code}{f' ; {known}' if known else ''}]"


def hide_values() -> None:
    """Makes dbt's PostgreSQL adapter, in this process, tell errors about data without their values."""
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


if __name__ == "__main__":
    from dbt.cli.main import cli

    hide_values()
    sys.argv[0] = "dbt"
    cli()
