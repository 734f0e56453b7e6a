"""What a build need not make again: nothing of what it is made of has changed since it was last good.

Of each node that ended well a row is kept, in the schema of its domain's versions: a digest of its code (its
SQL, its options, the macros that it can reach, the variables that these read), what stands in the database
under its name, and what stood under the names that it read. When all three are as they were, and nothing that
it reads is made anew, the node is taken as it is. What looks at the time, or at tables that the loader does
not write, is never taken so. When in doubt it is built.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.building.connection import connected
from donnees_au_centre.building.publication import domain_of
from donnees_au_centre.french import moment
from donnees_au_centre.patching import patch
from donnees_au_centre.project.versions import REUSED, SUFFIX

# The table of what ended well, in the schema of a domain's versions.
STATE = "dernier_bon_etat"
# The variable with which somebody has everything made anew.
ALL = "TOUT"
# True while a command may take nodes as they were.
allowed: ContextVar[bool] = ContextVar("allowed", default=False)
GOOD = ("success", "pass")
# Keys of a node, as dbt writes it, that are no part of what it makes.
_VOLATILE = frozenset(
    {
        "created_at", "build_path", "compiled_path", "compiled", "compiled_code", "extra_ctes",
        "extra_ctes_injected", "relation_name", "database", "root_path", "patch_path", "path",
        "deferred", "state_relation", "defer_relation", "last_modified", "contract_path",
    }
)  # fmt: skip
# What reads the clock, or the history that every run adds to.
_CLOCK = re.compile(r"current_timestamp|current_date|\bnow\(\)|run_started_at|\bhistorique\.", re.IGNORECASE)
_WORD = re.compile(r"\w+")
_VARIABLE = re.compile(r"env_var\(\s*['\"](\w+)")
# Of a session, for the macros that pseudonymise.
_KEYS = "PGOPTIONS"
# Said for one run, and no part of what it makes.
_PASSING = frozenset({"ACCEPTER_BAISSE", "VERSIONS_GARDEES"})
# Our macros that no code names, and that take part in making every node.
_EVERYWHERE = ("macros/materialization/", "macros/publication/", "macros/access/", "macros/naming/")


@dataclass(frozen=True)
class Kept:
    """What is kept of a node that ended well."""

    code: str
    identity: str
    reads: str
    at: datetime


class Codes:
    """The digests of the code of nodes.

    Args:
        manifest: dbt's, with its flat graph.
        variables: `vars` of the project and of the command.
        project_file: dbt_project.yml.
    """

    def __init__(self, manifest: Any, variables: Mapping[str, Any], project_file: Path) -> None:
        """Reads the macros of the project."""
        self._nodes: Mapping[str, Mapping[str, Any]] = manifest.flat_graph["nodes"]
        self._unit_tests = manifest.unit_tests
        self._root = project_file.parent
        project = manifest.metadata.project_name
        ours = [macro for macro in manifest.macros.values() if macro.package_name == project]
        self._macros = {macro.name: macro.macro_sql for macro in ours}
        # adapter.dispatch names x, and calls default__x or postgres__x.
        self._named: dict[str, set[str]] = {}
        for name in self._macros:
            for alias in {name, name.rpartition("__")[2]}:
                self._named.setdefault(alias, set()).add(name)
        everywhere = [m.name for m in ours if m.original_file_path.startswith(_EVERYWHERE)]
        dbt = manifest.metadata.dbt_version
        self._everywhere = frozenset(everywhere)
        self._common = _digest(
            [dbt, variables, project_file.read_text("utf-8"), self._texts(self._everywhere)]
        )
        self._codes: dict[str, str] = {}

    def of(self, unique_id: str) -> str:
        """The digest of the code of a model, seed, snapshot or test."""
        if unique_id not in self._codes:
            said = self._nodes[unique_id]
            content = {key: value for key, value in said.items() if key not in _VOLATILE}
            macros = self._reached(said)
            texts = self._texts(macros)
            parts = [self._common, content, texts, self._environment([said.get("raw_code") or "", *texts])]
            if said["resource_type"] == "seed":
                parts.append(
                    hashlib.sha256((self._root / said["original_file_path"]).read_bytes()).hexdigest()
                )
            self._codes[unique_id] = _digest(parts)
        return self._codes[unique_id]

    def of_unit_test(self, unique_id: str) -> str:
        """The digest of a unit test: its own words, and the code of its model and of all that this reads."""
        test = self._unit_tests[unique_id]
        waiting, seen = list(test.depends_on.nodes), set()
        while waiting:
            name = waiting.pop()
            if name in seen or name not in self._nodes:
                continue
            seen.add(name)
            # A seed reads nothing.
            waiting.extend(self._nodes[name]["depends_on"].get("nodes") or ())
        content = {key: value for key, value in test.to_dict().items() if key not in _VOLATILE}
        return _digest([content, sorted((name, self.of(name)) for name in seen)])

    def reads_the_clock(self, unique_id: str) -> bool:
        """True for a node whose result may change though nothing of what it is made of has."""
        said = self._nodes[unique_id]
        own = self._texts(self._reached(said) - self._everywhere)
        return any(_CLOCK.search(text) for text in (said.get("raw_code") or "", *own))

    def _reached(self, said: Mapping[str, Any]) -> frozenset[str]:
        """Our macros that a node can reach, by their names: more of them rather than one less."""
        config = said.get("config") or {}
        names = {name.rpartition(".")[2] for name in (said.get("depends_on") or {}).get("macros") or ()}
        text = f"{said.get('raw_code') or ''} {json.dumps(config, default=str)} {' '.join(names)}"
        found: set[str] = set()
        waiting = [text, f"materialization_{config.get('materialized')}_postgres"]
        while waiting:
            for word in set(_WORD.findall(waiting.pop())):
                for name in self._named.get(word, set()) - found:
                    found.add(name)
                    waiting.append(self._macros[name])
        return frozenset(found)

    def _texts(self, names: Iterable[str]) -> list[str]:
        return [self._macros[name] for name in sorted(names)]

    def _environment(self, texts: Iterable[str]) -> dict[str, str | None]:
        names = {name for text in texts for name in _VARIABLE.findall(text)} - _PASSING
        if any("pseudonymise" in text for text in texts):
            names.add(_KEYS)
        return {name: os.environ.get(name) for name in sorted(names)}


class Standing:
    """What stands in the database under the names of nodes and sources, at one moment."""

    def __init__(self, connection: psycopg.Connection, manifest: Any) -> None:
        """Reads the catalogue and the journal of the loader."""
        self._nodes, self._sources = manifest.nodes, manifest.sources
        schemas = {node.schema for node in (*manifest.nodes.values(), *manifest.sources.values())}
        self._relations: dict[tuple[str, str], str] = {
            (schema, name): identity
            for schema, name, identity in connection.execute(
                "select n.nspname, c.relname, case when c.relkind = 'v' then md5(pg_get_viewdef(c.oid)) "
                "else concat_ws('.', c.oid, c.relfilenode) end "
                "from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
                "where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm')",
                [sorted(schemas)],
            )
        }
        self._receipts = {}
        if connection.execute("select to_regclass('plateforme.chargements')").fetchone() != (None,):
            self._receipts = {
                (domain, source, table): f"{count}.{last}"
                for domain, source, table, count, last in connection.execute(
                    "select domaine, source_nom, table_nom, count(*), max(chargement_id) "
                    "from plateforme.chargements group by domaine, source_nom, table_nom"
                )
            }
        self._known: dict[str, str | None] = {}
        self.journal = next(
            (
                unique_id
                for unique_id, source in manifest.sources.items()
                if (source.schema, source.identifier) == ("plateforme", "chargements")
            ),
            None,
        )

    def of(self, unique_id: str) -> str | None:
        """What a node or a source is, with its rows; None when that cannot be told."""
        if unique_id not in self._known:
            # A view of a view of itself does not exist; a mistake must not turn in circles.
            self._known[unique_id] = None
            self._known[unique_id] = self._of(unique_id)
        return self._known[unique_id]

    def of_all(self, unique_ids: Iterable[str]) -> str | None:
        """The same of several, in one digest."""
        found = {unique_id: self.of(unique_id) for unique_id in unique_ids}
        return None if None in found.values() else _digest(sorted(found.items()))

    def _of(self, unique_id: str) -> str | None:
        if unique_id in self._sources:
            source = self._sources[unique_id]
            relation = self._relations.get((source.schema, source.identifier))
            if unique_id == self.journal:
                return _digest(sorted(self._receipts.items()))
            receipts = self._receipts.get((source.fqn[1], source.source_name, source.name))
            # What the loader does not write may change without a word.
            return f"{relation} {receipts}" if source.external and relation and receipts else None
        node = self._nodes.get(unique_id)
        if node is None:
            return None
        standing = self._relations.get((node.schema, node.alias))
        if standing is None or node.config.materialized in ("incremental", "snapshot", "ephemeral"):
            return None
        if node.config.materialized == "view":
            below = self.of_all(node.depends_on_nodes)
            return None if below is None else f"{standing} {below}"
        return standing


def _digest(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


class Reuse:
    """Which nodes of one command are taken as they were, and what is kept of those that it makes.

    Args:
        connection: in autocommit, of an account that builds the domains of the command.
        manifest: dbt's, with its flat graph.
        codes: of the same project.
        selected: unique ids of what the command would make and test.
        taking: False where everything selected is made; what ends well is kept all the same.

    Attributes:
        since: node that is taken as it was -> when it was made.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        manifest: Any,
        codes: Codes,
        selected: AbstractSet[str],
        taking: bool,
    ) -> None:
        """Reads what stands and what was kept, and decides."""
        self._nodes = {**manifest.nodes, **manifest.unit_tests}
        # An exposure is selected too, and nothing is made of it.
        selected &= self._nodes.keys()
        self._manifest, self._codes, self._selected = manifest, codes, selected
        self._before = Standing(connection, manifest)
        self._places = _places(manifest)
        self._kept = _read_kept(connection, {*filter(None, map(self._place, selected))}) if taking else {}
        self._decided: dict[str, bool] = {}
        self.since = {one: self._kept[one].at for one in selected if self._is_taken(one)}

    def _is_taken(self, unique_id: str) -> bool:
        if unique_id not in self._decided:
            self._decided[unique_id] = False
            self._decided[unique_id] = self._decide(unique_id)
        return self._decided[unique_id]

    def _decide(self, unique_id: str) -> bool:
        kept, node = self._kept.get(unique_id), self._nodes[unique_id]
        if kept is None or node.resource_type == "unit_test":
            return kept is not None and kept.code == self._codes.of_unit_test(unique_id)
        return (
            all(self._is_taken(one) for one in node.depends_on_nodes if one in self._selected)
            and kept.code == self._codes.of(unique_id)
            and kept.identity == self._identity(node, self._before)
            and kept.reads == self._before.of_all(self._reads(node))
            and not self._codes.reads_the_clock(unique_id)
        )

    def keep(self, connection: psycopg.Connection, good: AbstractSet[str], others: AbstractSet[str]) -> None:
        """Keeps what the command made and ended well, and forgets the rest of what it played.

        Args:
            connection: in autocommit, while the domains are still held.
            good: unique ids of what ended well and was made of what did.
            others: of what did not.
        """
        after = Standing(connection, self._manifest)
        rows: dict[str, list[tuple[str, str, str, str]]] = {}
        for unique_id in (good & self._nodes.keys()) - self.since.keys():
            place, node = self._place(unique_id), self._nodes[unique_id]
            if place is None:
                continue
            if node.resource_type == "unit_test":
                rows.setdefault(place, []).append((unique_id, self._codes.of_unit_test(unique_id), "", ""))
                continue
            # What another build may have changed meanwhile is what it was before this one began.
            reads = [
                (one, (after if one in self._selected else self._before).of(one)) for one in self._reads(node)
            ]
            identity = self._identity(node, after)
            if identity is None or None in [found for _, found in reads]:
                others |= {unique_id}
                continue
            row = (unique_id, self._codes.of(unique_id), identity, _digest(sorted(reads)))
            rows.setdefault(place, []).append(row)
        gone: dict[str, list[str]] = {}
        for unique_id in others & self._nodes.keys():
            if place := self._place(unique_id):
                gone.setdefault(place, []).append(unique_id)
        for place in {*rows, *gone}:
            _write_kept(connection, place, rows.get(place, ()), gone.get(place, ()))

    def _reads(self, node: Any) -> list[str]:
        """What a node reads; the test of a source reads of the loader's journal what is about that source."""
        names = list(node.depends_on_nodes)
        of_source = node.resource_type == "test" and any(
            one in self._manifest.sources and one != self._before.journal for one in names
        )
        return [one for one in names if not (of_source and one == self._before.journal)]

    def _identity(self, node: Any, standing: Standing) -> str | None:
        return "" if node.resource_type == "test" else standing.of(node.unique_id)

    def _place(self, unique_id: str) -> str | None:
        """The schema that keeps the state of a node's domain."""
        domain = domain_of(self._nodes[unique_id], self._nodes)
        return self._places.get(domain or "")


def _places(manifest: Any) -> dict[str, str]:
    """Domain -> the schema of its versions."""
    return {
        node.fqn[1]: f"{node.schema}{SUFFIX}"
        for node in manifest.nodes.values()
        if node.resource_type == "model" and len(node.fqn) > 3 and node.fqn[2] == "marts"
    }


def _read_kept(connection: psycopg.Connection, places: Iterable[str]) -> dict[str, Kept]:
    found = {}
    for place in sorted(places):
        table = sql.Identifier(place, STATE)
        if connection.execute("select to_regclass(%s)", [table.as_string(connection)]).fetchone() == (None,):
            continue
        for name, *rest in connection.execute(
            sql.SQL("select unique_id, code, identite, lectures, fait_le from {}").format(table)
        ):
            found[name] = Kept(*rest)
    return found


def _write_kept(
    connection: psycopg.Connection,
    place: str,
    rows: Sequence[tuple[str, str, str, str]],
    gone: Sequence[str],
) -> None:
    table = sql.Identifier(place, STATE)
    if connection.execute("select to_regclass(%s)", [table.as_string(connection)]).fetchone() == (None,):
        if connection.execute("select to_regnamespace(%s)", [place]).fetchone() == (None,):
            return
        connection.execute(
            sql.SQL(
                "create table if not exists {} (unique_id text primary key, code text not null, "
                "identite text not null, lectures text not null, fait_le timestamptz not null default now())"
            ).format(table)
        )
        connection.execute(
            sql.SQL("comment on table {} is {}").format(
                table,
                "Ce qui s'est bien terminé, et de quoi c'était fait : la construction suivante le reprend.",
            )
        )
    with connection.transaction():
        names = [*gone, *(row[0] for row in rows)]
        connection.execute(sql.SQL("delete from {} where unique_id = any(%s)").format(table), [names])
        with connection.cursor() as cursor:
            cursor.executemany(
                sql.SQL(
                    "insert into {} (unique_id, code, identite, lectures) values (%s, %s, %s, %s)"
                ).format(table),
                rows,
            )


@cache
def reuse_what_stands() -> None:
    """Has dbt, in this process, take what has not changed as it is, where the command may (`allowed`)."""
    from dbt.task.run import RunTask
    from dbt.task.runnable import GraphRunnableTask

    played, ended, called = RunTask.execute_with_hooks, RunTask.after_run, GraphRunnableTask.call_runner

    def execute_with_hooks(self: Any, selected_uids: AbstractSet[str]) -> Any:
        self.reuse = _reuse(self, selected_uids)
        return played(self, selected_uids)

    def call_runner(self: Any, runner: Any) -> Any:
        reuse: Reuse | None = getattr(self, "reuse", None)
        since = reuse.since.get(runner.node.unique_id) if reuse else None
        return called(self, runner) if since is None or runner.skip else _take(runner, since)

    def after_run(self: Any, adapter: Any, results: Sequence[Any]) -> None:
        ended(self, adapter, results)
        if self.reuse:
            good = made_of_good(results)
            others = {result.node.unique_id for result in results} - good
            with connected(self.config.credentials, "état des constructions") as connection:
                self.reuse.keep(connection, good, others)

    patch(RunTask, execute_with_hooks=execute_with_hooks, after_run=after_run)
    patch(GraphRunnableTask, call_runner=call_runner)


def _reuse(task: Any, selected: AbstractSet[str]) -> Reuse | None:
    from dbt.flags import get_flags

    flags = get_flags()
    if task.config.credentials.type != "postgres" or flags.EMPTY or flags.SAMPLE:
        return None
    if not task.manifest.flat_graph:
        task.manifest.build_flat_graph()
    project_file = Path(task.config.project_root) / "dbt_project.yml"
    codes = Codes(task.manifest, {**task.config.vars.to_dict(), **task.config.cli_vars}, project_file)
    with connected(task.config.credentials, "état des constructions") as connection:
        tested = selected | set(getattr(task, "selected_unit_tests", ()))
        return Reuse(connection, task.manifest, codes, tested, allowed.get())


def _take(runner: Any, since: datetime) -> Any:
    """The result of a node that is taken as it was; nothing is asked of the database."""
    from dbt.artifacts.schemas.results import RunStatus, TestStatus
    from dbt.artifacts.schemas.run import RunResult
    from dbt.events.types import NodeFinished
    from dbt_common.events.functions import fire_event

    is_test = runner.node.resource_type in ("test", "unit_test")
    result = RunResult(
        status=TestStatus.Pass if is_test else RunStatus.Success,
        timing=[],
        thread_id=threading.current_thread().name,
        execution_time=0.0,
        adapter_response={},
        message=said(since),
        failures=0 if is_test else None,
        node=runner.node,
        batch_results=None,
    )
    fire_event(NodeFinished(node_info=runner.node.node_info, run_result=result.to_msg_dict()))
    return result


def made_of_good(results: Sequence[Any]) -> set[str]:
    """The unique ids of what ended well, and was made of nothing that did not.

    Args:
        results: dbt's, of a whole command, once its marts are offered or not.
    """
    made = {result.node.unique_id: result for result in results}
    spoilt = {name for name, result in made.items() if str(result.status) not in GOOD}
    tables = {name for name in spoilt if made[name].node.resource_type in ("model", "seed", "snapshot")}
    while tables:
        reached = {
            name for name, result in made.items()
            if name not in spoilt and result.node.resource_type != "unit_test"
            and not tables.isdisjoint(result.node.depends_on_nodes)
        }  # fmt: skip
        spoilt |= reached
        tables = reached
    return made.keys() - spoilt


def said(since: datetime) -> str:
    """Why a node was taken as it was, in French."""
    return f"{REUSED} : ni fichier ni règle n'a changé depuis le {moment(since)}."
