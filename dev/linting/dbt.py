"""Stands for the name `dbt` while sqlfluff renders a model: `dbt.dateadd(…)`, without dbt itself.

Our implementation serves when the project has one (macros/), else dbt's own, read from its installed files.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import pass_context
from jinja2.exceptions import UndefinedError
from jinja2.runtime import Context

from dev.linting.adapter import dispatch

# sqlfluff loads this file as the module `dbt`: the name goes back to the installed package.
if __name__ == "dbt":
    sys.modules.pop("dbt", None)

MACRO_FILES = (
    "include/postgres/macros/utils/*.sql",
    "include/global_project/macros/utils/*.sql",
    "include/postgres/macros/timestamps.sql",
    "include/global_project/macros/adapters/timestamps.sql",
)


def __getattr__(name: str) -> Callable[..., object]:
    """The macro of that name, as `dbt.name`; unknown ones are refused when they are called."""
    if name.startswith("__"):
        raise AttributeError(name)

    @pass_context
    def macro(context: Context, *arguments: object, **named: object) -> object:
        try:
            found = dispatch(context, name, "dbt")
        except UndefinedError:
            found = _of_dbt(context, name)
        return context.call(found, *arguments, **named)

    return macro


def _of_dbt(context: Context, name: str) -> Any:
    """dbt's own implementation for PostgreSQL.

    Raises:
        UndefinedError: dbt has no such macro.
    """
    for prefix in ("postgres__", "default__"):
        for text in _macro_files():
            if re.search(rf"\bmacro\s+{prefix}{name}\b", text):
                module = context.environment.from_string(text, globals=context.get_all())
                return getattr(module.make_module(context.get_all()), prefix + name)
    raise UndefinedError(f"dbt.{name}: no such macro, in macros/ or in dbt itself")


def _macro_files() -> Iterator[str]:
    package = find_spec("dbt")
    for folder in (package.submodule_search_locations if package else None) or ():
        for pattern in MACRO_FILES:
            for path in sorted(Path(folder).glob(pattern)):
                yield path.read_text(encoding="utf-8")
