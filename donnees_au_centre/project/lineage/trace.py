"""The lineage of a project: every column of every model, from its compiled SQL."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from graphlib import TopologicalSorter

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from donnees_au_centre.landing.identifiers import METADATA_COLUMNS
from donnees_au_centre.project.lineage.graph import (
    COPY,
    EMPTY,
    ColumnId,
    Fault,
    Flow,
    Lineage,
    Origin,
    Relation,
)
from donnees_au_centre.project.lineage.query import QueryReader
from donnees_au_centre.project.lineage.scopes import Columns, Unreadable
from donnees_au_centre.project.nodes import Manifest, Node, Source

DIALECT = "postgres"
READ = ("model", "snapshot")
GIVEN = ("source", "seed")
# What dbt adds to a snapshot; its scd_id is a digest of the key.
SNAPSHOT_COLUMNS = ("dbt_updated_at", "dbt_valid_from", "dbt_valid_to", "dbt_is_deleted")
SNAPSHOT_DIGEST = "dbt_scd_id"


def trace(manifest: Manifest, compiled: Mapping[str, str], seal: str | None = None) -> Lineage:
    """Works out where every column of every model comes from.

    Args:
        compiled: unique_id -> SQL for PostgreSQL of each model and snapshot.
        seal: what protections by macros bear in it, see `project.lineage.compilation`; without it only
            what is seen in the SQL itself protects: the keyed hash and aggregates.

    Returns:
        The lineage; a model that cannot be read is one of its faults, and its columns come from nowhere.
    """
    tracer = _Tracer(manifest, seal)
    for node in tracer.in_order():
        if node.kind in GIVEN:
            tracer.take(node)
        else:
            tracer.read(node, compiled.get(node.unique_id))
    return Lineage(tracer.relations, tracer.columns, tuple(tracer.faults))


def statement(sql: str) -> exp.Expr:
    """The one statement of a model.

    Raises:
        Unreadable: there is none, or there are several.
        SqlglotError: it is not SQL for PostgreSQL.
    """
    statements = [part for part in sqlglot.parse(sql, read=DIALECT) if part is not None]
    if len(statements) != 1:
        raise Unreadable("son SQL n'est pas une seule requête")
    return statements[0]


class _Tracer:
    def __init__(self, manifest: Manifest, seal: str | None) -> None:
        self.relations: dict[str, Relation] = {}
        self.columns: dict[ColumnId, Flow] = {}
        self.faults: list[Fault] = []
        self._nodes = {node.unique_id: node for node in manifest.of_type(*READ, *GIVEN)}
        self._by_name: dict[tuple[str, str], list[str]] = {}
        self._offered: dict[str, dict[str, Flow]] = {}
        self._reader = QueryReader(self._find, seal)
        for unique_id, node in self._nodes.items():
            for schema in (node.schema, ""):
                self._by_name.setdefault((schema, node.relation), []).append(unique_id)

    def in_order(self) -> Iterator[Node]:
        """Every relation, what is read before what reads it."""
        graph = {
            unique_id: [parent for parent in node.reads if parent in self._nodes]
            for unique_id, node in self._nodes.items()
        }
        return (self._nodes[unique_id] for unique_id in TopologicalSorter(graph).static_order())

    def take(self, node: Node) -> None:
        """A source or a seed: its columns are those that are declared."""
        names = [_folded(column, node) for column in node.columns]
        if isinstance(node, Source) and node.external:
            names += METADATA_COLUMNS
        if node.kind == "seed":
            names += _header(node)
        self._offer(node, dict.fromkeys(names, EMPTY))

    def read(self, node: Node, sql: str | None) -> None:
        """A model or a snapshot: its columns are those of its SQL."""
        try:
            if sql is None:
                raise Unreadable("son SQL compilé manque")
            columns = self._reader.read(statement(sql))
        except (Unreadable, SqlglotError, RecursionError) as error:
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            message = f"le lignage de {node.label} ne peut être établi : {reason}."
            self.faults.append(Fault(node.unique_id, node.file, message))
            columns = dict.fromkeys((_folded(column, node) for column in node.columns), EMPTY)
        if node.kind == "snapshot":
            columns = {**columns, **_of_snapshot(node, columns)}
        self._offer(node, columns)

    def _offer(self, node: Node, columns: Mapping[str, Flow]) -> None:
        unique_id = node.unique_id
        self.relations[unique_id] = Relation(
            unique_id=unique_id,
            kind=node.kind,
            label=f"{node.schema}.{node.relation}" if isinstance(node, Source) else node.name,
            file=node.described_in,
            categories={
                _folded(one.name, node): one.category for one in node.columns.values() if one.category
            },
            protections={
                _folded(one.name, node): one.protection for one in node.columns.values() if one.protection
            },
        )
        offered = {}
        for name, flow in columns.items():
            column = ColumnId(unique_id, name)
            self.columns[column] = flow
            offered[name] = Flow(frozenset({Origin(column, COPY, frozenset())}), flow.marks)
        self._offered[unique_id] = offered

    def _find(self, schema: str, name: str) -> Columns | None:
        """The columns of a relation; one that a query names without a schema must be alone of its name."""
        found = self._by_name.get((schema, name), [])
        return self._offered.get(found[0]) if len(found) == 1 else None


def _folded(name: str, node: Node) -> str:
    """A column of the YAML as PostgreSQL names it."""
    column = node.columns.get(name)
    return name if column and column.is_quoted else name.lower()


def _header(node: Node) -> list[str]:
    """The columns of a seed that its YAML does not name; none when its file is not there."""
    path = node.folder / node.file
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [name for name in next(csv.reader(file), []) if name not in node.columns]
    except OSError:
        return []


def _of_snapshot(node: Node, columns: Mapping[str, Flow]) -> dict[str, Flow]:
    """The columns that dbt adds to a snapshot."""
    keys = node.config.get("unique_key") or []
    keys = [keys] if isinstance(keys, str) else keys
    digest = Flow(
        frozenset(origin for key in keys for origin in columns.get(key, EMPTY).through("hachage").origins)
    )
    return {**dict.fromkeys(SNAPSHOT_COLUMNS, EMPTY), SNAPSHOT_DIGEST: digest}
