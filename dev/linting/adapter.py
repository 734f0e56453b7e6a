"""Stands for dbt's `adapter` while sqlfluff renders a model: no database, no dbt, PostgreSQL's own macros."""

from __future__ import annotations

from collections.abc import Callable

from jinja2 import pass_context
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context, Undefined


@pass_context
def dispatch(context: Context, macro_name: str, macro_namespace: str | None = None) -> Callable[..., object]:
    """Finds the implementation of a dispatched macro as dbt would on PostgreSQL.

    Raises:
        UndefinedError: no such macro; sqlfluff reports it as a templating error.
    """
    for prefix in ("postgres__", "default__"):
        found: object = context.resolve_or_missing(prefix + macro_name)
        if callable(found) and not isinstance(found, Undefined):
            return found
    raise UndefinedError(
        f"adapter.dispatch: no macro default__{macro_name} in {macro_namespace or 'macros/'}"
    )
