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

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.patching import patch
from donnees_au_centre.project.lineage.protection import new_seal
from donnees_au_centre.project.reader import dbt_options, results_of
from donnees_au_centre.project.vocabulary import PROTECTIONS
from donnees_au_centre.settings import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest as DbtManifest

# A macro of macros/governance says in a comment what it does; in a model the comment is only a comment.
FOLDER = "macros/governance/"
SAYS = re.compile(r"/\*\s*protection\s*:\s*(\w+)\s*\*/")
COMMENT = re.compile(r"protection\s*:\s*(\w+)")
DIALECT = "postgres"
WITHOUT_DATABASE = ("--no-introspect", "--no-populate-cache", "--no-write-json")
# What has columns: to compile the tests beside, four for each model, takes as long again.
READ = ("model", "snapshot")
READ_ALONE = ("--indirect-selection", "empty", "--select", *(f"resource_type:{kind}" for kind in READ))


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
        project: dbt's own manifest, as `donnees_au_centre.project.parse` gives it.

    Raises:
        PlatformError: a model does not compile.
    """
    from dbt.cli.main import dbtRunner

    seal = new_seal()
    with tempfile.TemporaryDirectory() as folder, _sealed(protecting_macros(project), seal):
        done = dbtRunner(manifest=project).invoke(
            ["compile", *dbt_options(settings, Path(folder)), "--quiet", *WITHOUT_DATABASE, *READ_ALONE]
        )
    results = results_of(done)
    failed = [one for one in results if str(one.status) == "error"]
    if done.result is None or failed:
        messages = "\n".join(one.message for one in failed) or str(done.exception)
        raise PlatformError(
            f"Le projet ne se compile pas, son lignage ne peut être établi.\n{messages}",
            "Corrigez ce que le message nomme, puis relancez.",
        )
    return Compiled(
        {
            result.node.unique_id: result.node.compiled_code or ""
            for result in results
            if str(result.node.resource_type) in READ
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
        return result if protection is None else put_seal(result, seal, protection)

    patch(MacroGenerator, __call__=call)
    try:
        yield
    finally:
        patch(MacroGenerator, __call__=former)


def put_seal(result: Any, seal: str, protection: str) -> Any:
    """What a protecting macro returned, under seal.

    An expression goes into a call; a query into a subquery. Of a list of CTEs, the expressions behind the
    macro's own comments are sealed. Anything else stays as it is, and protects nothing.
    """
    if not isinstance(result, str):
        return result
    text, name = result.strip(), seal + protection
    if isinstance(_parsed(text), exp.Query):
        return f"select * from (\n{text}\n) as {name}"
    alone = _parsed(f"select {text}")
    if alone is not None and len(alone.expressions) == 1 and not isinstance(alone.expressions[0], exp.Alias):
        return f"{name}(\n{text}\n)"
    listed = _parsed(f"with {text} select 1")
    return result if listed is None else _seal_ctes(listed, seal)


def _parsed(text: str) -> exp.Expr | None:
    try:
        return sqlglot.parse_one(text, read=DIALECT)
    except SqlglotError:
        return None


def _seal_ctes(query: exp.Expr, seal: str) -> str:
    """The CTEs of a query, what stands behind a comment of protection under seal."""
    for node in list(query.walk()):
        said = [found[1] for comment in node.comments or () if (found := COMMENT.fullmatch(comment.strip()))]
        if said and said[0] in PROTECTIONS:
            value = node.this if isinstance(node, exp.Alias) else node
            value.replace(exp.Anonymous(this=seal + said[0], expressions=[value.copy()]))
    return ",\n".join(
        cte.sql(DIALECT, comments=False, normalize_functions=False) for cte in query.args["with_"].expressions
    )
