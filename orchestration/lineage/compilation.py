"""The project's SQL for PostgreSQL as it runs, with what the protecting macros gave under seal; no server."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from orchestration.errors import PlatformError
from orchestration.lineage.graph import PROTECTIONS
from orchestration.lineage.protection import new_seal
from orchestration.manifest.reader import dbt_options
from orchestration.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

# A macro of macros/governance says in a comment what it does; in a model the comment is only a comment.
FOLDER = "macros/governance/"
SAYS = re.compile(r"/\*\s*protection\s*:\s*(\w+)\s*\*/")
WITHOUT_DATABASE = ("--no-introspect", "--no-populate-cache", "--no-write-json")


@dataclass(frozen=True)
class Compiled:
    """The project, compiled for PostgreSQL.

    Attributes:
        models: unique_id -> SQL of each model and snapshot.
        seal: how the protections of macros are known in it; drawn anew each time.
    """

    models: Mapping[str, str]
    seal: str


def compile_for_lineage(settings: Settings, project: DbtManifest) -> Compiled:
    """Compiles every model for PostgreSQL in this process; no database is opened.

    Args:
        settings: of the checkout; the environment holds PG* variables, of a server that need not exist.
        project: dbt's own manifest, as `orchestration.manifest.parse` gives it.

    Raises:
        PlatformError: a model does not compile.
    """
    from dbt.cli.main import dbtRunner

    seal = new_seal()
    with tempfile.TemporaryDirectory() as folder, _sealed(protecting_macros(project), seal):
        done = dbtRunner(manifest=project).invoke(
            ["compile", *dbt_options(settings, Path(folder)), "--quiet", *WITHOUT_DATABASE]
        )
    failed = [] if done.result is None else [r for r in done.result.results if str(r.status) == "error"]
    if done.result is None or failed:
        messages = "\n".join(result.message for result in failed) or str(done.exception)
        raise PlatformError(
            f"Le projet ne se compile pas : le lignage des données personnelles ne peut être établi.\n{messages}",
            "Corrigez ce que le message nomme, puis relancez.",
        )
    return Compiled(
        {
            result.node.unique_id: result.node.compiled_code or ""
            for result in done.result.results
            if str(result.node.resource_type) in ("model", "snapshot")
        },
        seal,
    )


def protecting_macros(project: DbtManifest) -> dict[str, str]:
    """The macros of macros/governance that protect: unique_id -> one of PROTECTIONS."""
    found = {}
    for unique_id, macro in project.macros.items():
        said = SAYS.search(macro.macro_sql)
        if said and macro.original_file_path.startswith(FOLDER) and said[1] in PROTECTIONS:
            found[unique_id] = said[1]
    return found


@contextmanager
def _sealed(macros: Mapping[str, str], seal: str) -> Iterator[None]:
    """Has dbt put the seal around what these macros return, while it compiles."""
    from dbt.clients.jinja import MacroGenerator

    former = MacroGenerator.__call__

    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = former(self, *args, **kwargs)
        protection = macros.get(self.macro.unique_id)
        return result if protection is None else put_seal(result, seal + protection)

    MacroGenerator.__call__ = call
    try:
        yield
    finally:
        MacroGenerator.__call__ = former


def put_seal(result: Any, name: str) -> Any:
    """What a macro returned, under seal: an expression in a call, a query in a subquery; the rest as it is."""
    if not isinstance(result, str):
        return result
    text = result.strip()
    try:
        query = sqlglot.parse_one(text, read="postgres")
        if isinstance(query, exp.Query):
            return f"select * from (\n{text}\n) as {name}"
    except SqlglotError:
        pass
    try:
        items = sqlglot.parse_one(f"select {text}", read="postgres").expressions
    except SqlglotError:
        return result
    if len(items) == 1 and not isinstance(items[0], exp.Alias):
        return f"{name}(\n{text}\n)"
    return result
