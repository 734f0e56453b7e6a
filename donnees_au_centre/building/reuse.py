"""What a build need not make again: nothing of what it is made of has changed since it was last good.

Of each node that ended well a row is kept, in the schema of its domain's versions: a digest of its code (its
SQL, its options, the macros that it can reach, the variables that these read, the declarations of its
sources), what stands in the database under its name, and what stood under the names that it read. When all
three are as they were, and nothing that it reads is made anew, the node is taken as it is. What looks at the
time, at chance, at relations that it does not declare, or at tables that the loader does not write, is never
taken so. When in doubt it is built.

What somebody does by hand to a table is seen when it drops, empties or replaces it, changes its columns, and
when it updates or deletes rows; rows that somebody adds to a table that the platform builds are not, nor what
is done to it while the command that makes it is under way: nobody else writes there.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.building.codes import SETTLED, Codes, changes_within_day, digest
from donnees_au_centre.building.connection import connected
from donnees_au_centre.building.limits import close_free_sessions
from donnees_au_centre.building.publication import domain_of
from donnees_au_centre.building.standing import JOURNAL, Standing
from donnees_au_centre.french import moment
from donnees_au_centre.patching import patch
from donnees_au_centre.project.versions import REUSED, SUFFIX, mart_of

# The table of what ended well, in the schema of a domain's versions.
STATE = "dernier_bon_etat"
# The variable with which somebody has everything made anew.
ALL = "TOUT"
# True while a command may take nodes as they were.
allowed: ContextVar[bool] = ContextVar("allowed", default=False)
GOOD = ("success", "pass")
_NAME = re.compile(r'(?:"?\w+"?\s*\.\s*)+"?\w+"?')
# What may be a table without its schema, and what may be a function.
_TABLE = re.compile(r'(?:\b(?:from|join|only|table)\b|,)(?:[\s(]|--.*\n|/\*(?s:.*?)\*/)*"?(\w+)')
_CALL = re.compile(r'\b(\w+)"?\s*\(')
# Tables of all kinds; functions of somebody's own that are more than a calculation.
_TABLES = (
    "pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
    "where c.relkind in ('r', 'p', 'v', 'm', 'f')"
)
_FUNCTIONS = (
    "pg_proc as p inner join pg_namespace as n on n.oid = p.pronamespace where p.provolatile <> 'i' "
    "and n.nspname not in ('pg_catalog', 'information_schema') and not exists (select from pg_depend as d "
    "where d.objid = p.oid and d.classid = 'pg_proc'::regclass and d.deptype = 'e')"
)
# In config.meta of a test, for its macro loads_to_prove: up to where it was proven; and what this one proves.
_PROVEN, _PROVES = "eprouve", re.compile(r"/\* éprouvé : ([\d.]+) \*/")


@dataclass(frozen=True)
class Kept:
    """What is kept of a node that ended well."""

    code: str
    identity: str
    reads: str
    at: datetime
    proven: str


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
        self._before = Standing(connection, manifest, codes.is_changing)
        # Before anything is made: a file that changes meanwhile is made anew next time.
        self._texts = {one: self._code(one) for one in selected}
        self._places = _places(manifest)
        self._names = {
            **{one: (node.schema, node.alias) for one, node in manifest.nodes.items()},
            **{one: (source.schema, source.identifier) for one, source in manifest.sources.items()},
        }
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
        if kept is None or kept.code != self._texts[unique_id] or self._codes.is_changing(unique_id):
            return False
        return node.resource_type == "unit_test" or (
            all(self._is_taken(one) for one in node.depends_on_nodes if one in self._selected)
            and kept.identity == self._identity(node, self._before)
            and kept.reads == self._before.of_all(self._reads(node))
        )

    def _code(self, unique_id: str) -> str:
        is_unit = self._nodes[unique_id].resource_type == "unit_test"
        code = self._codes.of_unit_test(unique_id) if is_unit else self._codes.of(unique_id)
        day = self._before.day if self._codes.is_of_day(unique_id) else None
        return digest([code, self._before.session, day])

    @contextmanager
    def proving(self, test: Any) -> Iterator[None]:
        """Tells a test of rows that stand load by load up to where it passed, being the same as now.

        Args:
            test: dbt's node, while it is compiled and played.
        """
        kept, meta = self._kept.get(test.unique_id), test.config.meta
        same = kept is not None and kept.code == self._texts[test.unique_id]
        test.config.meta = {**meta, _PROVEN: kept.proven if kept and same else ""}
        try:
            yield
        finally:
            test.config.meta = meta

    def keep(self, connection: psycopg.Connection, results: Sequence[Any]) -> None:
        """Keeps what the command made and ended well, and forgets the rest of what it played.

        Args:
            connection: in autocommit, while the domains are still held.
            results: dbt's, of the whole command, once its marts are offered or not.
        """
        good = made_of_good(results)
        played = {result.node.unique_id: result.node for result in results}
        to_note = (played.keys() & self._texts.keys()) - (good & self.since.keys())
        if not to_note:
            return
        # What another process may have changed meanwhile is what it was before this command began.
        after = Standing(connection, self._manifest, self._codes.is_changing, self._before, self._selected)
        undeclared = self._undeclared(connection, [played[one] for one in good - self.since.keys()])
        rows: dict[str, list[tuple[str, ...]]] = {}
        gone: dict[str, list[str]] = {}
        for unique_id in to_note:
            place, node = self._place(unique_id), self._nodes[unique_id]
            if place is None:
                continue
            identity, reads = "", ""
            known = unique_id in good and unique_id not in undeclared
            if known and node.resource_type != "unit_test":
                found = self._identity(node, after), after.of_all(self._reads(node))
                known = None not in found
                identity, reads = found[0] or "", found[1] or ""
            if known:
                proven = _PROVES.search(getattr(played[unique_id], "compiled_code", None) or "")
                said = self._texts[unique_id], identity, reads, proven[1] if proven else ""
                rows.setdefault(place, []).append((unique_id, *said))
            else:
                gone.setdefault(place, []).append(unique_id)
        for place in {*rows, *gone}:
            _write_kept(connection, place, rows.get(place, ()), gone.get(place, ()))

    def _undeclared(self, connection: psycopg.Connection, played: Iterable[Any]) -> set[str]:
        """Of what was played, what reads or calls more than it declares, or changes by itself."""
        named: dict[str, set[tuple[str, str]]] = {}
        bare: dict[str, set[tuple[str, str]]] = {}
        found = set()
        for node in played:
            text = getattr(node, "compiled_code", None) or ""
            if node.resource_type == "unit_test" or _is_settled(node):
                continue
            if changes_within_day(text):
                found.add(node.unique_id)
            read = {*self._reads(node), *node.depends_on_nodes} & self._names.keys()
            declared = {_lowered(*self._names[one]) for one in read}
            if self._is_of_source(node):
                declared.add(JOURNAL)
            texts = [text, *self._codes.asked(node.unique_id)]
            named[node.unique_id] = {mart_of(*pair) for one in texts for pair in _named(one)} - declared
            bare[node.unique_id] = {name for one in texts for name in _bare(one)}
        there = set(
            connection.execute(
                f"select lower(n.nspname), lower(c.relname) from {_TABLES} "
                "and lower(c.relname) = any(%(names)s) "
                f"union all select lower(n.nspname), lower(p.proname) from {_FUNCTIONS} "
                "and lower(p.proname) = any(%(names)s)",
                {"names": sorted({name for pairs in named.values() for _, name in pairs})},
            )
        )
        shown = set(
            connection.execute(
                f"select 'r', lower(c.relname) from {_TABLES} and lower(c.relname) = any(%(names)s) "
                "and pg_table_is_visible(c.oid) and n.nspname <> 'pg_catalog' "
                f"union all select 'f', lower(p.proname) from {_FUNCTIONS} "
                "and lower(p.proname) = any(%(names)s) and pg_function_is_visible(p.oid)",
                {"names": sorted({name for names in bare.values() for _, name in names})},
            )
        )
        return found.union(
            (unique_id for unique_id, pairs in named.items() if pairs & there),
            (unique_id for unique_id, names in bare.items() if names & shown),
        )

    def _reads(self, node: Any) -> list[str]:
        """What a node reads.

        The test of a table may look at the sources of that table without a word (macro source_of_tested), and
        reads of the loader's journal what is about its sources.
        """
        names = [*node.depends_on_nodes, *self._sources_tested(node)]
        of_source = self._is_of_source(node)
        return [one for one in dict.fromkeys(names) if not (of_source and one == self._before.journal)]

    def _sources_tested(self, node: Any) -> list[str]:
        tested = self._nodes.get(getattr(node, "attached_node", None) or "")
        sources = self._manifest.sources
        return (
            [one for one in tested.depends_on_nodes if one in sources and sources[one].external]
            if tested
            else []
        )

    def _is_of_source(self, node: Any) -> bool:
        return getattr(node, "test_metadata", None) is not None and any(
            one in self._manifest.sources and one != self._before.journal
            for one in (*node.depends_on_nodes, *self._sources_tested(node))
        )

    def _identity(self, node: Any, standing: Standing) -> str | None:
        return "" if node.resource_type == "test" else standing.of(node.unique_id)

    def _place(self, unique_id: str) -> str | None:
        """The schema that keeps the state of a node's domain."""
        domain = domain_of(self._nodes[unique_id], self._nodes)
        return self._places.get(domain or "")


@lru_cache(maxsize=4096)
def _named(text: str) -> frozenset[tuple[str, str]]:
    """The names with a schema in a text, or what looks like it: schema, table."""
    names = (re.sub(r'[\s"]', "", name).lower().split(".") for name in _NAME.findall(text))
    return frozenset(pair for parts in names for pair in pairwise(parts))


def _lowered(schema: str, name: str) -> tuple[str, str]:
    return schema.lower(), name.lower()


@lru_cache(maxsize=4096)
def _bare(text: str) -> frozenset[tuple[str, str]]:
    """The names in SQL that may stand without a schema: `r` and a table, `f` and a function."""
    small = text.lower()
    return frozenset(
        (kind, name) for kind, way in (("r", _TABLE), ("f", _CALL)) for name in way.findall(small)
    )


def _is_settled(node: Any) -> bool:
    metadata = getattr(node, "test_metadata", None)
    return metadata is not None and f"test_{metadata.name}" == SETTLED


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
        if not _is_there(connection, table):
            continue
        for name, *rest in connection.execute(
            sql.SQL("select unique_id, code, identite, lectures, fait_le, eprouve from {}").format(table)
        ):
            found[name] = Kept(*rest)
    return found


def _is_there(connection: psycopg.Connection, table: sql.Identifier) -> bool:
    """Whether the table of what ended well stands, with all its columns: a former one is made anew."""
    return connection.execute(
        "select exists (select from pg_attribute where attrelid = to_regclass(%s) and attname = 'eprouve')",
        [table.as_string(connection)],
    ).fetchone() == (True,)


def _write_kept(
    connection: psycopg.Connection,
    place: str,
    rows: Sequence[tuple[str, ...]],
    gone: Sequence[str],
) -> None:
    table = sql.Identifier(place, STATE)
    if not _is_there(connection, table):
        if connection.execute("select to_regnamespace(%s)", [place]).fetchone() == (None,):
            return
        connection.execute(
            sql.SQL(
                "drop table if exists {0}; create table {0} (unique_id text primary key, code text not null, "
                "identite text not null, lectures text not null, eprouve text not null, "
                "fait_le timestamptz not null default now())"
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
                    "insert into {} (unique_id, code, identite, lectures, eprouve) "
                    "values (%s, %s, %s, %s, %s) on conflict (unique_id) do update set code = excluded.code, "
                    "identite = excluded.identite, lectures = excluded.lectures, "
                    "eprouve = excluded.eprouve, fait_le = excluded.fait_le"
                ).format(table),
                rows,
            )


@cache
def reuse_what_stands() -> None:
    """Has dbt, in this process, take what has not changed as it is, where the command may (`allowed`)."""
    from dbt.task.run import RunTask
    from dbt.task.runnable import GraphRunnableTask

    played, ended, called = RunTask.execute_with_hooks, RunTask.after_run, GraphRunnableTask.call_runner
    schemas, listed = GraphRunnableTask.get_model_schemas, GraphRunnableTask.populate_adapter_cache

    def execute_with_hooks(self: Any, selected_uids: AbstractSet[str]) -> Any:
        self.reuse = _reuse(self, selected_uids)
        return played(self, selected_uids)

    def get_model_schemas(self: Any, adapter: Any, selected_uids: AbstractSet[str]) -> Any:
        reuse: Reuse | None = getattr(self, "reuse", None)
        return schemas(self, adapter, selected_uids - reuse.since.keys() if reuse else selected_uids)

    def populate_adapter_cache(self: Any, adapter: Any, required_schemas: Any = None) -> None:
        # Of what is taken as it is dbt asks nothing; without any schema it would list all of them.
        if required_schemas or not getattr(self, "reuse", None):
            listed(self, adapter, required_schemas)

    def call_runner(self: Any, runner: Any) -> Any:
        reuse: Reuse | None = getattr(self, "reuse", None)
        since = reuse.since.get(runner.node.unique_id) if reuse else None
        if since is not None and not runner.skip:
            return _take(runner, since)
        if reuse is None or runner.node.resource_type != "test":
            return called(self, runner)
        with reuse.proving(runner.node):
            return called(self, runner)

    def after_run(self: Any, adapter: Any, results: Sequence[Any]) -> None:
        ended(self, adapter, results)
        if self.reuse:
            # Rows that a session changed are counted when it closes.
            close_free_sessions()
            # Who may not write what is kept, or not read it, makes everything anew.
            with (
                connected(self.config.credentials, "état des constructions") as connection,
                suppress(psycopg.errors.InsufficientPrivilege),
            ):
                self.reuse.keep(connection, results)

    patch(RunTask, execute_with_hooks=execute_with_hooks, after_run=after_run)
    patch(
        GraphRunnableTask,
        call_runner=call_runner,
        get_model_schemas=get_model_schemas,
        populate_adapter_cache=populate_adapter_cache,
    )


def _reuse(task: Any, selected: AbstractSet[str]) -> Reuse | None:
    from dbt.flags import get_flags

    # Not every command has every option.
    asked = {
        name for name in ("EMPTY", "SAMPLE", "DEFER", "FULL_REFRESH") if getattr(get_flags(), name, None)
    }
    if task.config.credentials.type != "postgres" or asked - {"FULL_REFRESH"}:
        return None
    if selected.isdisjoint(task.manifest.nodes.keys()):
        # The freshness of sources.
        return None
    if not task.manifest.flat_graph:
        task.manifest.build_flat_graph()
    config = task.config
    project_file = Path(config.project_root) / "dbt_project.yml"
    variables = {**config.vars.to_dict(), **config.cli_vars}
    codes = Codes(task.manifest, variables, project_file, config.to_target_dict())
    tested = selected | set(getattr(task, "selected_unit_tests", ()))
    taking = allowed.get() and not asked
    with (
        connected(config.credentials, "état des constructions") as connection,
        suppress(psycopg.errors.InsufficientPrivilege),
    ):
        return Reuse(connection, task.manifest, codes, tested, taking)
    return None


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
