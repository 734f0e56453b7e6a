"""dbt's manifest as an object: who reads the project reads it here, and not the keys that dbt writes.

Everything is a view over what dbt wrote, made when it is asked for: a manifest of 10,000 nodes costs nothing
until they are looked at. A part that dbt leaves out is empty here, never an error. Only `inheritance` comes
before, and completes the keys themselves with what the YAML says once for all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, Generic, TypeVar

from donnees_au_centre.project import vocabulary as words

LAYERS = ("staging", "intermediate", "marts")
# Domains that are no administration: what everyone reads, what reads everyone, and the platform itself.
SHARED, CROSSING, PLATFORM = "commun", "transversal", "data_platform"
ISSUES_SUFFIX = "_ecarts"
# What of a manifest, and of its nodes, changes at each parse or says nothing of the project.
_VOLATILE = frozenset({"metadata", "parent_map", "child_map", "group_map", "disabled"})
_VOLATILE_OF_NODES = frozenset({"created_at", "compiled_path", "build_path"})


T = TypeVar("T")


class _Key(Generic[T]):
    """An attribute that `read` makes of what dbt wrote, each time that it is asked for."""

    def __init__(self, read: Callable[[Mapping[str, Any]], T]) -> None:
        self.read = read

    def __get__(self, node: Described, _owner: object = None) -> T:
        return self.read(node._said)


def _text(key: str) -> _Key[str]:
    return _Key(lambda said: str(said.get(key) or ""))


def _given(key: str) -> _Key[str | None]:
    return _Key(lambda said: str(said.get(key) or "") or None)


def _mapping(key: str) -> _Key[Mapping[str, Any]]:
    return _Key(lambda said: said.get(key) or {})


class Described:
    """What has a name, a description and a meta: a node, a column, a group.

    Args:
        said: as dbt writes it.

    Attributes:
        name: as it is declared.
        description: as the YAML says it; empty when it says nothing.
        config: the options given to dbt.
        tags: given in the YAML or the SQL.
    """

    __slots__ = ("_said",)

    name = _Key(lambda said: str(said["name"]))
    description = _text("description")
    config = _mapping("config")
    tags: _Key[list[str]] = _Key(lambda said: list(said.get("tags") or ()))

    def __init__(self, said: Mapping[str, Any]) -> None:
        """Looks at nothing yet."""
        self._said = said

    def written(self, key: str) -> Any:
        """What dbt wrote under a key, for who compares two manifests; None when it wrote nothing."""
        return self._said.get(key)

    @property
    def meta(self) -> Mapping[str, Any]:
        """The `config.meta`; of an old-style column, its `meta`."""
        said: Mapping[str, Any] = self.config.get("meta") or self._said.get("meta") or {}
        return said


class Column(Described):
    """A column as the YAML declares it.

    Attributes:
        data_type: its SQL type; None when the YAML does not say.
        constraints: what the contract of its model holds of it: `not_null`…
        is_quoted: True when its name is written in quotes, with its capitals.
        is_inherited: True when its description is said elsewhere, see `inheritance`.
    """

    __slots__ = ()

    is_inherited = _Key(lambda said: bool(said.get("heritee")))
    data_type = _given("data_type")
    constraints = _Key(lambda said: [str(one.get("type")) for one in said.get("constraints") or ()])
    is_quoted = _Key(lambda said: bool(said.get("quote")))

    @property
    def protection(self) -> str | None:
        """How the YAML says that it is protected; None when it says nothing."""
        said = self.meta.get(words.PROTECTION)
        return None if said is None else str(said)

    @property
    def category(self) -> str | None:
        """The category of personal data that the YAML gives, `aucune` included; None when it says nothing."""
        said = self.meta.get(words.CATEGORY)
        return said if isinstance(said, str) else None

    @property
    def is_personal(self) -> bool:
        """True when it holds data about persons, protected or not."""
        return self.category not in (None, words.NOT_PERSONAL)


class Group(Described):
    """The group of a domain, with those who answer for it; each is `{name, email}`.

    Attributes:
        file: its YAML, below the checkout.
        owner: empty when the group names none.
    """

    __slots__ = ()

    file = _text("original_file_path")
    owner = _mapping("owner")

    @property
    def steward(self) -> Mapping[str, Any]:
        """Empty when the group names none."""
        said = self.meta.get("steward")
        return said if isinstance(said, Mapping) else {}


class Macro(Described):
    """A macro of the project or of dbt.

    Attributes:
        package: the dbt project that has it.
        file: its file below the checkout.
        arguments: those that the YAML names, with their descriptions.
        sql: its text, from `{% macro` to `{% endmacro %}`.
        unique_id: `macro.<project>.<name>`.
        uses: unique ids of the macros that it calls directly.
    """

    __slots__ = ()

    unique_id = _Key(lambda said: str(said["unique_id"]))
    uses: _Key[list[str]] = _Key(lambda said: list((said.get("depends_on") or {}).get("macros") or ()))
    package = _text("package_name")
    file = _text("original_file_path")
    arguments: _Key[dict[str, str]] = _Key(
        lambda said: {one["name"]: one.get("description") or "" for one in said.get("arguments") or ()}
    )
    sql = _text("macro_sql")


class Node(Described):
    """A model, seed, snapshot, source, test, unit test or exposure.

    Attributes:
        name: as readers know it: as it is declared; of a version of a model, its table or view.
        declared: the name that its versions share: what `ref()` takes.
        version: of a model with `versions:`, as the YAML writes it; None without.
        unique_id: `model.<project>.<name>`, then `.v<version>`.
        kind: dbt's resource type: `model`, `seed`, `snapshot`, `source`, `test`, `unit_test`, `exposure`.
        package: the dbt project that has it.
        fqn: project, folders and name: what `--select fqn:` takes, joined by dots.
        group: the name of its dbt group; None when it has none.
        access: `private`, `protected` or `public`; empty for what is no model.
        file: its file below the checkout: SQL of a model, YAML of a source.
        patch_path: the YAML file as dbt names it: `<project>://<path>`.
        columns: as the YAML declares them, by name, in its order.
        reads: unique ids of what it reads directly.
        database: where it stands; None in a manifest that knows no database.
        schema: where it stands; empty for what stands in no schema.
        relation_name: database, schema and relation, as SQL writes them; None for what has no relation.
        folder: the checkout that its file is below; the current folder when the manifest does not say.
        uses: unique ids of the macros that it calls directly.
        raw_code: the SQL as it is written, with its Jinja.
        compiled_code: the SQL that dbt ran, once it has; None before.
    """

    __slots__ = ()

    name = _Key(lambda said: str(said["alias" if _is_version(said) else "name"]))
    declared = _Key(lambda said: str(said["name"]))
    version = _Key(lambda said: str(said["version"]) if _is_version(said) else None)
    unique_id = _Key(lambda said: str(said["unique_id"]))
    kind = _Key(lambda said: str(said["resource_type"]))
    package = _text("package_name")
    fqn: _Key[list[str]] = _Key(lambda said: list(said["fqn"]))
    group = _given("group")
    access = _text("access")
    file = _text("original_file_path")
    patch_path = _given("patch_path")
    columns: _Key[dict[str, Column]] = _Key(
        lambda said: {name: Column(said) for name, said in (said.get("columns") or {}).items()}
    )
    reads: _Key[list[str]] = _Key(lambda said: list((said.get("depends_on") or {}).get("nodes") or ()))
    database = _given("database")
    schema = _text("schema")
    relation_name = _given("relation_name")
    folder = _Key(lambda said: Path(str(said.get("root_path") or "")))
    uses: _Key[list[str]] = _Key(lambda said: list((said.get("depends_on") or {}).get("macros") or ()))
    raw_code = _text("raw_code")
    compiled_code = _given("compiled_code")

    def __repr__(self) -> str:
        """By its unique id."""
        return f"{type(self).__name__}({self.unique_id!r})"

    @property
    def domain(self) -> str:
        """Its folder below models/ or seeds/; of a test, see `Manifest.domain_of_test`."""
        return self.fqn[1]

    @property
    def layer(self) -> str | None:
        """The layer of a model, one of LAYERS; None for what stands in no layer (seeds, some sources)."""
        fqn = self.fqn
        return fqn[2] if len(fqn) > 3 and fqn[2] in LAYERS else None

    @property
    def is_mart(self) -> bool:
        """True for a model that is offered to the other domains."""
        return self.kind == "model" and self.layer == "marts"

    @property
    def is_latest(self) -> bool:
        """True for what `ref()` reads without `v=`; False for a version that a later one replaces."""
        return self.version is None or self.latest_id == self.unique_id

    @property
    def latest_id(self) -> str:
        """The unique id of the latest version of a model with versions; its own for the others."""
        if self.version is None:
            return self.unique_id
        return f"{self.unique_id.rpartition('.')[0]}.v{self._said.get('latest_version')}"

    @property
    def until(self) -> date | None:
        """Its deprecation_date, the last day when it is offered; None when its YAML gives none."""
        said = self._said.get("deprecation_date")
        return date.fromisoformat(str(said)[:10]) if said else None

    @property
    def label(self) -> str:
        """How messages name it."""
        return self.name

    @property
    def yaml(self) -> str | None:
        """The YAML file that describes it, or None when none does."""
        return self.patch_path.partition("://")[2] if self.patch_path else None

    @property
    def described_in(self) -> str:
        """The YAML file where people describe it, below the checkout; its own file when none does."""
        return self.yaml or self.file

    @property
    def path(self) -> str:
        """The file below its folder of models, tests or snapshots."""
        return str(self._said.get("path") or self.file)

    @property
    def relation(self) -> str:
        """The name of its table or view in its schema."""
        return str(self._said.get("identifier") or self._said.get("alias") or self.name)

    @property
    def materialized(self) -> str | None:
        """`table`, `view`, `ephemeral`…; None for what is not built."""
        said = self.config.get("materialized")
        return str(said) if said else None

    @property
    def has_contract(self) -> bool:
        """True when dbt holds its columns against the YAML at each build."""
        return bool((self.config.get("contract") or {}).get("enforced"))

    @property
    def is_ephemeral(self) -> bool:
        """True for what exists in the SQL of its readers only."""
        return self.materialized == "ephemeral"


class Source(Node):
    """A table of a dbt source.

    Attributes:
        source_name: the source that the table is of.
        source_description: what the YAML says of the source.
        source_meta: the meta of the source, which dbt gives to its tables too.
        external: where its files are and how to read them; empty for a table without files.
        freshness: the limits of its age: `warn_after`, `error_after`, `filter`.
        loaded_at_field: the SQL that dates its rows, for its freshness.
    """

    __slots__ = ()

    source_name = _Key(lambda said: str(said["source_name"]))
    source_description = _text("source_description")
    source_meta = _mapping("source_meta")
    external = _mapping("external")
    freshness = _mapping("freshness")
    loaded_at_field = _given("loaded_at_field")

    @property
    def label(self) -> str:
        """`<source>.<table>`."""
        return f"{self.source_name}.{self.name}"

    @property
    def has_freshness_limit(self) -> bool:
        """True when dbt can say that it is late."""
        limits = (self.freshness.get(name) or {} for name in ("warn_after", "error_after"))
        return any(limit.get("count") for limit in limits)


class DataTest(Node):
    """A test of rows, generic or singular; a unit test, which is of SQL, too.

    Attributes:
        generic: the generic test that it applies (`not_null`…); empty for a singular or a unit test.
        arguments: what the YAML gives to the generic test.
        column_name: the column that it is about; None when it is about the whole table.
    """

    __slots__ = ()

    generic = _Key(lambda said: str((said.get("test_metadata") or {}).get("name") or ""))
    arguments: _Key[Mapping[str, Any]] = _Key(
        lambda said: (said.get("test_metadata") or {}).get("kwargs") or {}
    )
    column_name = _given("column_name")

    @property
    def is_singular(self) -> bool:
        """True for a test that is a SQL file of its own."""
        return self.kind == "test" and not self._said.get("test_metadata")

    @property
    def severity(self) -> str:
        """`error` or `warn`."""
        return str(self.config.get("severity") or "error").lower()

    @property
    def where(self) -> str:
        """The condition on the rows that it looks at; empty for all."""
        return str(self.config.get("where") or "").strip()

    @property
    def tested_id(self) -> str | None:
        """The unique id of what it is about.

        A singular test over several models says it itself, in `meta: {dagster: {ref: {name: ...}}}`, with the
        `version` of a model that has several; without that it is about none of them.
        """
        if attached := self._said.get("attached_node"):
            return str(attached)
        parents = self.reads
        said = self.meta.get("dagster", {}).get("ref", {})
        if said.get("name"):
            version = f".v{said['version']}" if said.get("version") else ""
            chosen = f".{said['name']}{version}"
            return next((parent for parent in parents if parent.endswith(chosen)), None)
        return parents[0] if len(parents) == 1 else None


class Exposure(Node):
    """A dashboard or a workbook that reads the project.

    Attributes:
        title: its title; None when it has none.
        url: where it is read.
        type: dbt's word for what it is: `dashboard`…
        maturity: `low`, `medium` or `high`.
        owner: `{name, email}`; empty when it names none.
    """

    __slots__ = ()

    title = _given("label")
    url = _given("url")
    type = _given("type")
    maturity = _given("maturity")
    owner = _mapping("owner")

    @property
    def label(self) -> str:
        """Its title, or its name."""
        return self.title or self.name


class Manifest:
    """What dbt understands of the project.

    Args:
        content: of manifest.json (dbt 1.11). Looked at, never changed.
    """

    def __init__(self, content: Mapping[str, Any]) -> None:
        """Looks at nothing yet."""
        self.content = content
        self._made: dict[Callable[..., Any], Any] = {}

    def __eq__(self, other: object) -> bool:
        """By what dbt wrote."""
        return isinstance(other, Manifest) and self.content == other.content

    __hash__ = None  # type: ignore[assignment]

    @property
    def project_name(self) -> str:
        """The name of the dbt project."""
        return str(self.content["metadata"]["project_name"])

    @property
    def dbt_version(self) -> str:
        """The version that wrote the manifest."""
        return str(self._section("metadata").get("dbt_version", ""))

    @cached_property
    def nodes(self) -> Mapping[str, Node]:
        """Models, seeds, snapshots and tests, those of packages too, by unique id."""
        return {key: _node(said) for key, said in self._section("nodes").items()}

    @cached_property
    def sources(self) -> Mapping[str, Source]:
        """The tables of sources, those of packages too, by unique id."""
        return {key: Source(said) for key, said in self._section("sources").items()}

    @cached_property
    def unit_tests(self) -> Mapping[str, DataTest]:
        """By unique id."""
        return {key: DataTest(said) for key, said in self._section("unit_tests").items()}

    @cached_property
    def exposures(self) -> Mapping[str, Exposure]:
        """By unique id."""
        return {key: Exposure(said) for key, said in self._section("exposures").items()}

    @cached_property
    def groups(self) -> Mapping[str, Group]:
        """By name, which is that of their domain."""
        return {said["name"]: Group(said) for said in self._section("groups").values()}

    @cached_property
    def macros(self) -> Mapping[str, Macro]:
        """Those of packages and of dbt too, by unique id."""
        return {key: Macro(said) for key, said in self._section("macros").items()}

    @property
    def models(self) -> list[Node]:
        """The project's own models, by unique id."""
        return list(self.of_type("model"))

    @property
    def own_sources(self) -> list[Source]:
        """The project's own source tables, by unique id."""
        return [node for node in self.of_type("source") if isinstance(node, Source)]

    @property
    def tests(self) -> list[DataTest]:
        """The project's own tests of rows, by unique id. Unit tests check SQL, not rows."""
        return [node for node in self.of_type("test") if isinstance(node, DataTest)]

    @property
    def contract_checks(self) -> list[DataTest]:
        """What enforced contracts hold without a test: columns that are never null, as the tests that say so.

        They have the keys of a `not_null` test that rules and pages read. dbt does not play them: they held
        each time that their model was built.
        """
        return [
            DataTest(
                {
                    "unique_id": f"{model.unique_id}.{name}.not_null",
                    "name": f"not_null_{model.name}_{name}",
                    "resource_type": "test",
                    "package_name": model.package,
                    "fqn": [*model.fqn, name],
                    "original_file_path": model.described_in,
                    "test_metadata": {"name": "not_null", "kwargs": {"column_name": name}},
                    "column_name": name,
                    "attached_node": model.unique_id,
                    "depends_on": {"nodes": [model.unique_id]},
                    "description": "",
                    "config": {"severity": "error", "meta": {}},
                }
            )
            for model in self.nodes.values()
            if model.has_contract
            for name, column in model.columns.items()
            if "not_null" in column.constraints
        ]

    @property
    def checks(self) -> list[DataTest]:
        """The data tests, then what contracts hold as tests would."""
        return [*self.tests, *self.contract_checks]

    @property
    def own_unit_tests(self) -> list[DataTest]:
        """The project's own unit tests, by unique id."""
        return [node for node in self.of_type("unit_test") if isinstance(node, DataTest)]

    def of_type(self, *kinds: str) -> Iterator[Node]:
        """The project's own nodes of some resource types, by unique id; dbt's internal ones left out."""
        for section in (self.nodes, self.sources, self.unit_tests):
            for _, node in sorted(section.items()):
                if node.kind in kinds and node.package == self.project_name:
                    yield node

    def find(self, unique_id: str) -> Node | None:
        """A model, seed, test, source or unit test by its unique id; None when there is none."""
        return (
            self.nodes.get(unique_id) or self.sources.get(unique_id) or self.unit_tests.get(unique_id) or None
        )

    def node(self, unique_id: str) -> Node:
        """A model, seed, test, source or unit test by its unique id.

        Raises:
            KeyError: there is none.
        """
        if found := self.find(unique_id):
            return found
        raise KeyError(unique_id)

    def parents(self, node: Node) -> list[Node]:
        """What a node reads directly: models, seeds, snapshots and sources.

        Raises:
            KeyError: one of them is not in the manifest.
        """
        return [self.node(unique_id) for unique_id in node.reads]

    def readers(self, unique_id: str) -> list[str]:
        """Unique ids of what reads a node directly, as dbt has worked them out."""
        return list(self._section("child_map").get(unique_id, ()))

    def domain_of(self, node: Node) -> str | None:
        """The domain of any node; None for a test that is about no model in particular."""
        return self.domain_of_test(node) if isinstance(node, DataTest) else node.domain

    def domain_of_test(self, test: DataTest) -> str | None:
        """The domain of a test or unit test: that of its YAML file; of a singular one, its group.

        Returns:
            Without a group, the domain of what the test is about; None when it is about no model in
            particular.
        """
        if not test.is_singular:
            return test.domain
        if test.group:
            return test.group
        about = test.tested_id
        return self.node(about).domain if about else None

    def digest(self) -> str:
        """The SHA-256 of the project as dbt read it: the same for the same files, whenever they are read."""
        return self.once(_digest)

    def once(self, make: Callable[[Manifest], T]) -> T:
        """What a function makes of this manifest, made the first time only: nobody may change it."""
        if make not in self._made:
            self._made[make] = make(self)
        found: T = self._made[make]
        return found

    def _section(self, name: str) -> Mapping[str, Any]:
        return self.content.get(name) or {}


def _digest(manifest: Manifest) -> str:
    steady = {
        section: {name: _steady(node) for name, node in nodes.items()}
        for section, nodes in manifest.content.items()
        if section not in _VOLATILE and isinstance(nodes, Mapping)
    }
    text = json.dumps(steady, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _node(said: Mapping[str, Any]) -> Node:
    return DataTest(said) if said.get("resource_type") == "test" else Node(said)


def _is_version(said: Mapping[str, Any]) -> bool:
    """True for one of several versions of a model; a unit test has the version of its model."""
    return said.get("version") is not None and said.get("resource_type") == "model"


def _steady(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return node
    return {key: value for key, value in node.items() if key not in _VOLATILE_OF_NODES}


def domains_in(root: Path) -> list[str]:
    """The domains of a checkout, in the order they are built: shared, administrations, readers."""
    return sorted((path.name for path in (root / "models").iterdir() if path.is_dir()), key=turn_of)


def turn_of(domain: str) -> tuple[int, str]:
    """By which domains are sorted in the order they are built."""
    return {SHARED: 0, CROSSING: 2, PLATFORM: 3}.get(domain, 1), domain
