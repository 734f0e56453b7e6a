"""What a build need not make again: nothing of what it is made of has changed since it was last good.

Of each node that ended well a row is kept, in the schema of its domain's versions: a digest of its code (its
SQL, its options, the macros that it can reach, the variables that these read, the declarations of its
sources), what stands in the database under its name, and what stood under the names that it read. When all
three are as they were, and nothing that it reads is made anew, the node is taken as it is. What looks at the
time, at chance, at relations that it does not declare, or at tables that the loader does not write, is never
taken so. When in doubt it is built.

What somebody does by hand to a table is seen when it drops, empties or replaces it, and when it updates or
deletes rows; rows that somebody adds to a table that the platform builds are not: nobody else writes there.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from donnees_au_centre.building.connection import connected
from donnees_au_centre.building.publication import domain_of
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
# Keys of a node, as dbt writes it, that are no part of what it makes.
_VOLATILE = frozenset(
    {
        "created_at", "build_path", "compiled_path", "compiled", "compiled_code", "extra_ctes",
        "extra_ctes_injected", "relation_name", "database", "root_path", "patch_path", "path",
        "deferred", "state_relation", "defer_relation", "last_modified", "contract_path",
    }
)  # fmt: skip
# What may give another result though nothing that is looked at has changed: the clock, chance, who asks, the
# catalogue, the history that every run adds to, the options of the command, names that only a run knows.
_CHANGING = re.compile(
    r"""current_timestamp|current_date|current_time\b|\blocaltime|\bnow\s*\(|(?:clock|statement|transaction)_timestamp
    |\btimeofday\b|'(?:now|today|tomorrow|yesterday)'|\bage\(\s*[^(),]*\)|run_started_at|modules\.datetime
    |\brandom(?:_normal)?\s*\(|\buuid_?generate|\buuidv|gen_random_|\bnextval\b|\btablesample\b
    |\bcurrent_(?:user|role|catalog)\b|\bsession_user\b|\bcurrent_schemas?\b
    |\bpg_\w|\binformation_schema\b|\bhistorique\.
    |\bflags\.|\bselected_resources\b|\binvocation_|\bdbt_metadata_envs\b
    |\b(?:env_var|dispatch)\(\s*(?!['"]\w+['"]\s*[,)])
    |\bcontext\b(?!(?:\[|\.get\()\s*['"]\w+['"]\s*[],)])""",
    re.IGNORECASE | re.VERBOSE,
)
_WORD = re.compile(r"\w+")
_NAME = re.compile(r'(?:"?\w+"?\.)+"?\w+"?')
_VARIABLE = re.compile(r"env_var\(\s*['\"](\w+)")
# Where the loader notes what it received.
_JOURNAL = ("plateforme", "chargements")
# dbt's own packages of macros, and what they come in.
_DBT = frozenset({"dbt", "dbt_postgres", "dbt_denodo"})
_VERSIONS = ("dbt-core", "dbt-adapters", "dbt-postgres", "dbt-common")
# Of a target, what is no part of what is made for it.
_SECRET = frozenset({"password", "pass", "threads", "connect_timeout", "application_name"})
# Settings of a session that change what the same SQL gives.
_SETTINGS = (
    "TimeZone", "DateStyle", "IntervalStyle", "search_path", "extra_float_digits", "bytea_output",
    "lc_numeric", "lc_monetary", "lc_time", "server_version", "default_text_search_config", "xmloption",
)  # fmt: skip
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
        target: dbt's, of the command.
    """

    def __init__(
        self, manifest: Any, variables: Mapping[str, Any], project_file: Path, target: Mapping[str, Any]
    ) -> None:
        """Reads the macros of the project and of its packages."""
        self._nodes: Mapping[str, Mapping[str, Any]] = manifest.flat_graph["nodes"]
        self._sources: Mapping[str, Mapping[str, Any]] = manifest.flat_graph["sources"]
        self._unit_tests = manifest.unit_tests
        self._root = project_file.parent
        self._target = {key: value for key, value in target.items() if key not in _SECRET}
        ours = {key: macro for key, macro in manifest.macros.items() if macro.package_name not in _DBT}
        self._macros = {key: macro.macro_sql for key, macro in ours.items()}
        # adapter.dispatch names x, and calls default__x or postgres__x.
        self._named: dict[str, set[str]] = {}
        for key, macro in ours.items():
            for alias in {macro.name, macro.name.rpartition("__")[2], macro.name.partition("__")[2]}:
                self._named.setdefault(alias, set()).add(key)
        words = {key: set(_WORD.findall(text)) for key, text in self._macros.items()}
        self._calls = {key: self._known(found) for key, found in words.items()}
        self._asking = {
            asked: frozenset(key for key, found in words.items() if asked in found)
            for asked in ("target", "graph")
        }
        self._moving = frozenset(key for key, text in self._macros.items() if _CHANGING.search(text))
        self._reached_of: dict[str, frozenset[str]] = {}
        project = manifest.metadata.project_name
        self._everywhere = frozenset(
            key
            for key, macro in ours.items()
            if macro.package_name == project and macro.original_file_path.startswith(_EVERYWHERE)
        )
        theirs = {macro.name for macro in manifest.macros.values() if macro.package_name in _DBT}
        # What stands in for a macro of dbt is called by dbt, and no code names it.
        instead = {key for key, macro in ours.items() if {macro.name, macro.name.partition("__")[2]} & theirs}
        # Comments follow what is read, which is looked at as it is.
        self._comments = self._reach(["persist_docs"])
        common = self._reach([self._macros[key] for key in {*self._everywhere, *instead}])
        self._common = _digest(
            [
                [version(name) for name in _VERSIONS],
                variables,
                project_file.read_text("utf-8"),
                target.get("name"),
                self._texts(common | self._everywhere | instead),
            ]
        )
        self._codes: dict[str, str] = {}
        self._graphs: dict[str, str] = {}

    def of(self, unique_id: str) -> str:
        """The digest of the code of a model, seed, snapshot or test."""
        if unique_id not in self._codes:
            said = self._nodes[unique_id]
            texts = self._texts(self._reached(said))
            own = _own_text(said)
            parts = [
                self._common,
                _lasting(said),
                texts,
                self._environment([own, *texts]),
                self._declared(said),
            ]
            words, mine = set(_WORD.findall(own)), self._mine(said)
            if "target" in words or mine & self._asking["target"]:
                parts.append(self._target)
            if "graph" in words or mine & self._asking["graph"]:
                parts.append(self._graph(None if "graph" in words else str(said["fqn"][1])))
            if said["resource_type"] == "seed":
                root = Path(said.get("root_path") or self._root)
                content = (root / said["original_file_path"]).read_bytes()
                parts.append(hashlib.sha256(content).hexdigest())
            self._codes[unique_id] = _digest(parts)
        return self._codes[unique_id]

    def of_unit_test(self, unique_id: str) -> str:
        """The digest of a unit test: its own words, and the code of its model and of all that this reads."""
        content = _lasting(self._unit_tests[unique_id].to_dict())
        texts = self._texts(self._reach([json.dumps(content, default=str)]))
        read = sorted((name, self.of(name)) for name in self._below(unique_id))
        return _digest([content, texts, self._environment(texts), read])

    def is_changing(self, unique_id: str) -> bool:
        """True for a node whose result may change though nothing of what it is made of has."""
        if unique_id in self._unit_tests:
            test = self._unit_tests[unique_id]
            return any(self.is_changing(one) for one in test.depends_on.nodes if one in self._nodes)
        said = self._nodes[unique_id]
        return bool(_CHANGING.search(_own_text(said)) or self._mine(said) & self._moving)

    def _below(self, unique_id: str) -> set[str]:
        """The nodes that a unit test is about: its model, and all that this is made of."""
        waiting, seen = list(self._unit_tests[unique_id].depends_on.nodes), set()
        while waiting:
            name = waiting.pop()
            if name not in seen and name in self._nodes:
                seen.add(name)
                waiting.extend(_reads(self._nodes[name]))
        return seen

    def _declared(self, said: Mapping[str, Any]) -> list[Any]:
        """The names of what a node reads, and what YAML says of its sources."""
        found: list[Any] = []
        for name in sorted(_reads(said)):
            if name in self._sources:
                found.append([name, _lasting(self._sources[name])])
            elif name in self._nodes:
                found.append([name, self._nodes[name]["schema"], self._nodes[name]["alias"]])
        return found

    def _graph(self, domain: str | None) -> str:
        """The digest of what `graph` says of the sources and tables of a domain; of all there is without one.

        A macro of the platform looks there for what belongs to its node; what an analyst writes may look
        anywhere.
        """
        key = domain or ""
        if key not in self._graphs:
            told = []
            for name, said in sorted({**self._nodes, **self._sources}.items()):
                if domain is None:
                    told.append([name, _lasting(said)])
                elif said["fqn"][1:2] == [domain] and said["resource_type"] != "test":
                    told.append([name, said["config"], said["columns"], _reads(said), said["schema"]])
            self._graphs[key] = _digest(told)
        return self._graphs[key]

    def _mine(self, said: Mapping[str, Any]) -> frozenset[str]:
        """The macros that a node reaches, but for those that take part in making every node."""
        return self._reached(said) - self._everywhere - self._comments

    def _reached(self, said: Mapping[str, Any]) -> frozenset[str]:
        """The macros that a node can reach: more of them rather than one less."""
        if said["unique_id"] not in self._reached_of:
            names = [name.rpartition(".")[2] for name in (said.get("depends_on") or {}).get("macros") or ()]
            made = f"materialization_{(said.get('config') or {}).get('materialized')}_postgres"
            self._reached_of[said["unique_id"]] = self._reach([_own_text(said), *names, made])
        return self._reached_of[said["unique_id"]]

    def _reach(self, texts: Iterable[str]) -> frozenset[str]:
        found: set[str] = set()
        waiting = self._known(word for text in texts for word in _WORD.findall(text))
        while waiting:
            found |= waiting
            waiting = {key for known in waiting for key in self._calls[known]} - found
        return frozenset(found)

    def _known(self, words: Iterable[str]) -> set[str]:
        """The macros of some names."""
        return {key for word in set(words) for key in self._named.get(word, ())}

    def _texts(self, keys: Iterable[str]) -> list[str]:
        return [self._macros[key] for key in sorted(keys)]

    def _environment(self, texts: Iterable[str]) -> dict[str, str | None]:
        names = {name for text in texts for name in _VARIABLE.findall(text)} - _PASSING
        if any("pseudonymise" in text or "current_setting" in text for text in texts):
            names.add(_KEYS)
        return {name: os.environ.get(name) for name in sorted(names)}


def _lasting(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in _VOLATILE}


def _reads(said: Mapping[str, Any]) -> list[str]:
    # A seed and a source read nothing.
    return list((said.get("depends_on") or {}).get("nodes") or ())


def _own_text(said: Mapping[str, Any]) -> str:
    """All of a node in which code may stand: its SQL, its options, the arguments of a test, constraints."""
    parts = [said.get(key) for key in ("config", "test_metadata", "constraints")]
    parts.append([column.get("constraints") for column in (said.get("columns") or {}).values()])
    return f"{said.get('raw_code') or ''} {json.dumps(parts, default=str, ensure_ascii=False)}"


class Standing:
    """What stands in the database under the names of nodes and sources, at one moment.

    Args:
        connection: in autocommit.
        manifest: dbt's.
        changing: whether the result of a node may change by itself.
        before: what stood at an earlier moment; that holds for all but `made`.
        made: unique ids.

    Attributes:
        session: settings on which results depend.
        journal: unique id of the journal of the loader, where it is a source.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        manifest: Any,
        changing: Callable[[str], bool],
        before: Standing | None = None,
        made: AbstractSet[str] = frozenset(),
    ) -> None:
        """Reads the catalogue and the journal of the loader."""
        self._nodes, self._sources = manifest.nodes, manifest.sources
        self._changing, self._earlier, self._made = changing, before, made
        self.session = connection.execute(
            "select name, current_setting(name) from pg_settings where name = any(%s) order by name",
            [list(_SETTINGS)],
        ).fetchall()
        schemas = {node.schema for node in (*manifest.nodes.values(), *manifest.sources.values())}
        # Of a view also the tables that it shows; rows that were updated or deleted are counted by table.
        self._relations: dict[tuple[str, str], str] = {}
        for schema, name, definition, *identity in connection.execute(
            "with shown as (select r.ev_class as view, "
            "string_agg(distinct concat_ws('.', t.oid, t.relfilenode, t.relnatts, "
            "case when n.nspname like '%%\\_versions' then "
            "pg_stat_get_tuples_updated(t.oid) + pg_stat_get_tuples_deleted(t.oid) end), ' ') as tables "
            "from pg_rewrite as r inner join pg_depend as d on d.objid = r.oid "
            "and d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass "
            "inner join pg_class as t on t.oid = d.refobjid and t.relkind in ('r', 'm') "
            "inner join pg_namespace as n on n.oid = t.relnamespace group by r.ev_class) "
            "select n.nspname, c.relname, case when c.relkind = 'v' then pg_get_viewdef(c.oid) end, "
            "c.oid, c.relfilenode, c.relnatts, pg_stat_get_tuples_updated(c.oid), "
            "case when n.nspname not like 'raw\\_%%' then pg_stat_get_tuples_deleted(c.oid) end, s.tables "
            "from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
            "left join shown as s on s.view = c.oid "
            "where n.nspname = any(%s) and c.relkind in ('r', 'p', 'v', 'm')",
            [sorted(schemas)],
        ):
            if definition and _CHANGING.search(definition):
                continue
            told = [definition, identity[-1]] if definition else identity
            self._relations[schema, name] = _digest(told)
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
                if (source.schema, source.identifier) == _JOURNAL
            ),
            None,
        )

    def of(self, unique_id: str) -> str | None:
        """What a node or a source is, with its rows; None when that cannot be told."""
        if self._earlier and unique_id not in self._made:
            return self._earlier.of(unique_id)
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
            if self._changing(unique_id):
                return None
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
        return _digest([code, self._before.session])

    def keep(self, connection: psycopg.Connection, results: Sequence[Any]) -> None:
        """Keeps what the command made and ended well, and forgets the rest of what it played.

        Args:
            connection: in autocommit, while the domains are still held.
            results: dbt's, of the whole command, once its marts are offered or not.
        """
        good = made_of_good(results)
        # What another process may have changed meanwhile is what it was before this command began.
        after = Standing(connection, self._manifest, self._codes.is_changing, self._before, self._selected)
        played = {result.node.unique_id: result.node for result in results}
        undeclared = self._undeclared(connection, [played[one] for one in good - self.since.keys()])
        rows: dict[str, list[tuple[str, str, str, str]]] = {}
        gone: dict[str, list[str]] = {}
        for unique_id in (played.keys() & self._texts.keys()) - (good & self.since.keys()):
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
                rows.setdefault(place, []).append((unique_id, self._texts[unique_id], identity, reads))
            else:
                gone.setdefault(place, []).append(unique_id)
        for place in {*rows, *gone}:
            _write_kept(connection, place, rows.get(place, ()), gone.get(place, ()))

    def _undeclared(self, connection: psycopg.Connection, played: Iterable[Any]) -> set[str]:
        """Of what was played, the SQL that reads more than it declares, or what changes by itself."""
        named: dict[str, set[tuple[str, str]]] = {}
        found = set()
        for node in played:
            text = getattr(node, "compiled_code", None) or ""
            if node.resource_type == "unit_test":
                continue
            if _CHANGING.search(text):
                found.add(node.unique_id)
            declared = {self._names.get(one) for one in self._reads(node)}
            declared |= {self._names.get(one) for one in node.depends_on_nodes}
            if self._is_of_source(node):
                declared.add(_JOURNAL)
            for name in set(_NAME.findall(text)):
                parts = name.replace('"', "").split(".")
                pairs = {mart_of(*pair) for pair in pairwise(parts)} - declared
                named.setdefault(node.unique_id, set()).update(pairs)
        there = set(
            connection.execute(
                "select n.nspname, c.relname from pg_class as c inner join pg_namespace as n "
                "on n.oid = c.relnamespace "
                "where c.relname = any(%s) and c.relkind in ('r', 'p', 'v', 'm', 'f')",
                [sorted({table for pairs in named.values() for _, table in pairs})],
            )
        )
        return found | {unique_id for unique_id, pairs in named.items() if pairs & there}

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
                    "insert into {} (unique_id, code, identite, lectures) values (%s, %s, %s, %s) "
                    "on conflict (unique_id) do update set code = excluded.code, "
                    "identite = excluded.identite, lectures = excluded.lectures, fait_le = excluded.fait_le"
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
            # Who may not write what is kept, or not read it, makes everything anew.
            with (
                connected(self.config.credentials, "état des constructions") as connection,
                suppress(psycopg.errors.InsufficientPrivilege),
            ):
                self.reuse.keep(connection, results)

    patch(RunTask, execute_with_hooks=execute_with_hooks, after_run=after_run)
    patch(GraphRunnableTask, call_runner=call_runner)


def _reuse(task: Any, selected: AbstractSet[str]) -> Reuse | None:
    from dbt.flags import get_flags

    # Not every command has every option.
    asked = {
        name for name in ("EMPTY", "SAMPLE", "DEFER", "FULL_REFRESH") if getattr(get_flags(), name, None)
    }
    if task.config.credentials.type != "postgres" or asked - {"FULL_REFRESH"}:
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
