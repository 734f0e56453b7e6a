"""What a node is made of, in a digest: SQL, options, macros that it reaches, variables, declared sources."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from functools import cache, lru_cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from donnees_au_centre.french import local_zone

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
# Each with what its text holds at least, in small letters: most texts hold none of it, which is seen at once.
_CHANGING = [
    (said, re.compile(found, re.IGNORECASE))
    for said, found in (
        ("current_", r"current_timestamp|current_date|current_time\b"),
        ("current_", r"\bcurrent_(?:user|role|catalog)\b|\bcurrent_schemas?\b"),
        ("localtime", r"\blocaltime"),
        ("now", r"\bnow\s*\(|'now'"),
        ("_timestamp", r"(?:clock|statement|transaction)_timestamp"),
        ("timeofday", r"\btimeofday\b"),
        ("'to", r"'(?:today|tomorrow)'"),
        ("yesterday", r"'yesterday'"),
        ("age(", r"\bage\(\s*[^(),]*\)"),
        ("run_started_at", r"run_started_at"),
        ("modules", r"\bmodules\s*(?:\.\s*datetime|\[)"),
        ("random", r"\brandom(?:_normal)?\s*\(|gen_random_|\|\s*random\b"),
        ("uuid", r"\buuid_?generate|\buuidv"),
        ("nextval", r"\bnextval\b"),
        ("tablesample", r"\btablesample\b"),
        ("session_user", r"\bsession_user\b"),
        ("pg_", r"\bpg_\w"),
        ("information_schema", r"\binformation_schema\b"),
        ("historique.", r"\bhistorique\."),
        ("flags", r"\bflags\s*[.\[]"),
        ("thread_id", r"\bthread_id\b"),
        ("dblink", r"\bdblink"),
        ("selected_resources", r"\bselected_resources\b"),
        ("invocation_", r"\binvocation_"),
        ("dbt_metadata_envs", r"\bdbt_metadata_envs\b"),
        ("env_var", r"""\benv_var\s*\(\s*(?!\s|['"]\w+['"]\s*[,)])"""),
        ("dispatch", r"""\bdispatch\s*\(\s*(?!\s|['"]\w+['"]\s*[,)])"""),
        ("context", r"""\bcontext\b(?!(?:\[|\.get\()\s*['"]\w+['"]\s*[],)])"""),
        ("donnees_au_centre", r"""\bdonnees_au_centre\s*(?:\[\s*(?!\s|['"]\w+['"]\s*\])|%\}|\|)"""),
    )
]
# In the text of a node: relations that it looks for by names that it makes.
_LOOKS = re.compile(r"\b(?:get_relation|list_relations\w*|load_(?:cached_)?relation|Relation\.create)\b")
# In a macro: what is asked of the database, and stands in no SQL of the node.
_ASKS = re.compile(r"\b(?:run_query|statement|execute)\b")
# A macro that looks at the history, and whose good verdict holds while what it tests is the same: a present
# value that is near the median of the past ones only comes nearer to it as runs add that value to them.
SETTLED = "test_stable_measure"
# The day of the administration: the same until midnight, and so no more of a change than the day itself. As
# macros write it, as it is compiled, and as PostgreSQL writes it of a view.
_DAY = r"""cast\(\s*
        (?:\{\{\s*current_timestamp_local\(\)\s*\}\}|current_timestamp\s+at\s+time\s+zone\s+'HERE')
    \s+as\s+date\s*\)
    |\(\(CURRENT_TIMESTAMP\ AT\ TIME\ ZONE\ 'HERE'::text\)\)::date"""
_WORD = re.compile(r"\w+")
_VARIABLE = re.compile(r"env_var\s*\(\s*['\"](\w+)")
# dbt's own packages of macros, and what they come in.
_DBT = frozenset({"dbt", "dbt_postgres", "dbt_denodo"})
_VERSIONS = ("dbt-core", "dbt-adapters", "dbt-postgres", "dbt-common")
# Of a target, what is no part of what is made for it.
_SECRET = frozenset({"password", "pass", "threads", "connect_timeout", "application_name"})
# Of a session, for the macros that pseudonymise.
_KEYS = "PGOPTIONS"
# Said for one run, and no part of what it makes.
_PASSING = frozenset({"ACCEPTER_BAISSE", "VERSIONS_GARDEES", "TOUT"})
# Our macros that no code names, and that take part in making every node.
EVERYWHERE = ("macros/materialization/", "macros/publication/", "macros/access/", "macros/naming/")


@cache
def _day() -> re.Pattern[str]:
    return re.compile(_DAY.replace("HERE", re.escape(local_zone().key)), re.IGNORECASE | re.VERBOSE)


@lru_cache(maxsize=4096)
def is_of_day(text: str) -> bool:
    """True for SQL, or a macro, that looks at the day of the administration."""
    return bool(_day().search(text))


@lru_cache(maxsize=4096)
def changes_within_day(text: str) -> bool:
    """True for SQL, or a macro, that may give something else twice a day though nothing has changed."""
    return _moves(text) and _moves(_day().sub(" ", text))


def _moves(text: str) -> bool:
    small = text.casefold()
    return any(said in small and found.search(text) for said, found in _CHANGING)


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
        # A macro is reached by hundreds of nodes: what it adds to the digest of each is made once.
        self._digests = {key: digest(text) for key, text in self._macros.items()}
        self._variables_of = {key: _variables_read(text) for key, text in self._macros.items()}
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
        self._moving = frozenset(
            key
            for key, text in self._macros.items()
            if changes_within_day(text) and ours[key].name != SETTLED
        )
        self._asks = frozenset(key for key, text in self._macros.items() if _ASKS.search(text))
        self._daily = frozenset(key for key, text in self._macros.items() if is_of_day(text))
        # The day is no use of the clock that it is read from.
        self._calls_but_day = {
            **self._calls,
            **{key: self._known(_WORD.findall(_day().sub(" ", self._macros[key]))) for key in self._daily},
        }
        self._reached_of: dict[str, frozenset[str]] = {}
        self._closed: dict[tuple[bool, frozenset[str]], frozenset[str]] = {}
        self._said: dict[frozenset[str], str] = {}
        self._own_texts: dict[str, str] = {}
        project = manifest.metadata.project_name
        self._everywhere = frozenset(
            key
            for key, macro in ours.items()
            if macro.package_name == project and macro.original_file_path.startswith(EVERYWHERE)
        )
        theirs = {macro.name for macro in manifest.macros.values() if macro.package_name in _DBT}
        # What stands in for a macro of dbt is called by dbt, and no code names it.
        instead = {key for key, macro in ours.items() if {macro.name, macro.name.partition("__")[2]} & theirs}
        # Comments follow what is read, which is looked at as it is.
        self._comments = self._reach(["persist_docs"])
        common = self._reach([self._macros[key] for key in {*self._everywhere, *instead}])
        by_dbt = self._reach([self._macros[key] for key in instead]).union(instead)
        # The keys are of what names them.
        self._read_by_dbt = frozenset().union(*(self._variables_of[key] for key in by_dbt)) - {_KEYS}
        self._common = digest(
            [
                [version(name) for name in _VERSIONS],
                variables,
                project_file.read_text("utf-8"),
                target.get("name"),
                self._said_of(common.union(self._everywhere, instead)),
            ]
        )
        self._codes: dict[str, str] = {}
        self._changing: dict[str, bool] = {}
        self._graphs: dict[str, str] = {}
        self._declarations: dict[str, str] = {}
        self._descriptions: dict[str, str] = {}

    def of(self, unique_id: str) -> str:
        """The digest of the code of a model, seed, snapshot or test."""
        if unique_id not in self._codes:
            said = self._nodes[unique_id]
            own, reached = self._own_text(said), self._reached(said)
            parts = [
                self._common,
                _lasting(said),
                self._said_of(reached),
                self._environment(own, reached),
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
            self._codes[unique_id] = digest(parts)
        return self._codes[unique_id]

    def of_unit_test(self, unique_id: str) -> str:
        """The digest of a unit test: its own words, and the code of its model and of all that this reads."""
        content = _lasting(self._unit_tests[unique_id].to_dict())
        own = json.dumps(content, default=str)
        reached = self._reach([own])
        read = sorted((name, self.of(name)) for name in self._below(unique_id))
        return digest([content, self._said_of(reached), self._environment(own, reached), read])

    def is_changing(self, unique_id: str) -> bool:
        """True for a node whose result may change, within a day, though nothing of what it is made of has."""
        if unique_id in self._unit_tests:
            test = self._unit_tests[unique_id]
            return any(self.is_changing(one) for one in test.depends_on.nodes if one in self._nodes)
        if unique_id not in self._changing:
            self._changing[unique_id] = self._may_change(self._nodes[unique_id])
        return self._changing[unique_id]

    def _may_change(self, said: Mapping[str, Any]) -> bool:
        own = self._own_text(said)
        if changes_within_day(own) or _LOOKS.search(own):
            return True
        if self._mine(said).isdisjoint(self._moving):
            return False
        reached = self._reach(self._begin(said), self._calls_but_day)
        return not (reached - self._everywhere - self._comments).isdisjoint(self._moving)

    def is_of_day(self, unique_id: str) -> bool:
        """True for a node whose result may be another one on another day."""
        if unique_id in self._unit_tests:
            return any(self.is_of_day(one) for one in self._below(unique_id))
        said = self._nodes[unique_id]
        return is_of_day(self._own_text(said)) or not self._reached(said).isdisjoint(self._daily)

    def asked(self, unique_id: str) -> list[str]:
        """The texts of a node, hooks among them, and of its macros that may ask more than its SQL shows."""
        said = self._nodes[unique_id]
        config = said.get("config") or {}
        hooks = [config.get(name) for name in ("pre-hook", "post-hook", "sql_header")]
        own = [said.get("raw_code") or "", json.dumps(hooks, default=str, ensure_ascii=False)]
        return [*own, *(self._macros[key] for key in self._mine(said) & self._asks)]

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
                if name not in self._declarations:
                    self._declarations[name] = digest(_lasting(self._sources[name]))
                found.append([name, self._declarations[name]])
            elif name in self._nodes:
                read = self._nodes[name]
                found.append([name, read["schema"], read["alias"], self._described(name)])
        return found

    def _described(self, unique_id: str) -> str:
        """The digest of what YAML says of columns, here and below: a table has the words of what it reads."""
        if unique_id not in self._descriptions:
            said = self._nodes.get(unique_id) or self._sources.get(unique_id) or {}
            told = {name: column.get("description") for name, column in (said.get("columns") or {}).items()}
            below = [self._described(name) for name in _reads(said)]
            self._descriptions[unique_id] = digest([told, (said.get("config") or {}).get("meta"), below])
        return self._descriptions[unique_id]

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
            self._graphs[key] = digest(told)
        return self._graphs[key]

    def _mine(self, said: Mapping[str, Any]) -> frozenset[str]:
        """The macros that a node reaches, but for those that take part in making every node."""
        return self._reached(said) - self._everywhere - self._comments

    def _reached(self, said: Mapping[str, Any]) -> frozenset[str]:
        """The macros that a node can reach: more of them rather than one less."""
        if said["unique_id"] not in self._reached_of:
            self._reached_of[said["unique_id"]] = self._reach(self._begin(said))
        return self._reached_of[said["unique_id"]]

    def _begin(self, said: Mapping[str, Any]) -> list[str]:
        """The texts in which a node names macros."""
        names = [name.rpartition(".")[2] for name in (said.get("depends_on") or {}).get("macros") or ()]
        made = f"materialization_{(said.get('config') or {}).get('materialized')}"
        return [self._own_text(said), *names, f"{made}_postgres", f"{made}_default"]

    def _reach(
        self, texts: Iterable[str], calls: Mapping[str, AbstractSet[str]] | None = None
    ) -> frozenset[str]:
        calls = self._calls if calls is None else calls
        waiting = self._known(word for text in texts for word in _WORD.findall(text))
        # The tests of one kind all name the same macros.
        begun = calls is self._calls, frozenset(waiting)
        if begun not in self._closed:
            found: set[str] = set()
            while waiting:
                found |= waiting
                waiting = {key for known in waiting for key in calls[known]} - found
            self._closed[begun] = frozenset(found)
        return self._closed[begun]

    def _known(self, words: Iterable[str]) -> set[str]:
        """The macros of some names."""
        return {key for word in set(words) for key in self._named.get(word, ())}

    def _own_text(self, said: Mapping[str, Any]) -> str:
        """All of a node in which code may stand: SQL, options, the arguments of a test, constraints."""
        unique_id = said["unique_id"]
        if unique_id not in self._own_texts:
            parts = [said.get(key) for key in ("config", "test_metadata", "constraints")]
            parts.append([column.get("constraints") for column in (said.get("columns") or {}).values()])
            told = json.dumps(parts, default=str, ensure_ascii=False)
            self._own_texts[unique_id] = f"{said.get('raw_code') or ''} {told}"
        return self._own_texts[unique_id]

    def _said_of(self, reached: frozenset[str]) -> str:
        if reached not in self._said:
            self._said[reached] = digest([self._digests[key] for key in sorted(reached)])
        return self._said[reached]

    def _environment(self, own: str, reached: Iterable[str]) -> dict[str, str | None]:
        known = (self._read_by_dbt, *(self._variables_of[key] for key in reached))
        names = _variables_read(own).union(*known) - _PASSING
        return {name: os.environ.get(name) for name in sorted(names)}


def _variables_read(text: str) -> frozenset[str]:
    """The variables of the environment that a text reads."""
    keys = {_KEYS} if "pseudonymise" in text or "current_setting" in text else set()
    return frozenset({*_VARIABLE.findall(text), *keys})


def _lasting(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if key not in _VOLATILE}


def _reads(said: Mapping[str, Any]) -> list[str]:
    # A seed and a source read nothing.
    return list((said.get("depends_on") or {}).get("nodes") or ())


def digest(content: Any) -> str:
    """One short name for all content that JSON would write the same; no name twice."""
    text = json.dumps(content, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]
