"""Stands for dbt's `exceptions` while sqlfluff renders a model: what fails in dbt fails here too."""

from __future__ import annotations

from jinja2.exceptions import UndefinedError


def raise_compiler_error(message: str) -> None:
    """Refuses the model, as dbt would.

    Raises:
        UndefinedError: always; sqlfluff reports it as a templating error.
    """
    raise UndefinedError(message)
