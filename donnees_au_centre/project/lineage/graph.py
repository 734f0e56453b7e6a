"""What column-level lineage is made of: columns, where each comes from, what was done on the way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from donnees_au_centre.project.vocabulary import PROTECTIONS

# What a step does to a value, in French for reports; of several in one model, the last one here is shown.
OPERATIONS = (
    "copie",
    "conversion",
    "expression",
    "clé de jointure",
    "condition",
    "fenêtre",
    "rang",
    "minimum ou maximum",
    "liste de valeurs",
    "agrégation",
    "concaténation",
    "hachage",
    "masquage",
    "généralisation",
    "suppression",
    "pseudonymisation",
)
COPY = OPERATIONS[0]
_WEIGHT = {name: weight for weight, name in enumerate(OPERATIONS)}

# Protections a column may declare, in config.meta.protection.
PSEUDONYMISED, MASKED, GENERALISED, SUPPRESSED, AGGREGATED = PROTECTIONS
OPERATION_OF = {
    PSEUDONYMISED: "pseudonymisation",
    MASKED: "masquage",
    GENERALISED: "généralisation",
    SUPPRESSED: "suppression",
    AGGREGATED: "agrégation",
}


class ColumnId(NamedTuple):
    """One column of one relation.

    Attributes:
        relation: dbt's unique id of a source, seed, snapshot or model.
        column: as PostgreSQL names it.
    """

    relation: str
    column: str


class Guard(NamedTuple):
    """A protection that a value went through.

    Attributes:
        name: one of PROTECTIONS.
        keys: for an aggregate, the columns that its groups are made of, each with the protections it went
            through; a group of one person protects nothing.
    """

    name: str
    keys: frozenset[tuple[ColumnId, frozenset[str]]] = frozenset()


class Origin(NamedTuple):
    """One column that another is made from.

    Attributes:
        column: upstream.
        operation: one of OPERATIONS.
        guards: the protections on this way.
    """

    column: ColumnId
    operation: str
    guards: frozenset[Guard]


@dataclass(frozen=True)
class Flow:
    """What an expression is made from.

    Attributes:
        origins: the columns, once per set of protections.
        marks: the protections met anywhere in it, also those of values that come from no column (a count).
    """

    origins: frozenset[Origin] = frozenset()
    marks: frozenset[str] = frozenset()

    def through(self, operation: str) -> Flow:
        """The same after one more operation."""
        if not self.origins:
            return self
        return Flow(
            frozenset(Origin(o.column, stronger(o.operation, operation), o.guards) for o in self.origins),
            self.marks,
        )

    def guarded(self, guard: Guard) -> Flow:
        """The same after a protection."""
        operation = OPERATION_OF[guard.name]
        return Flow(
            frozenset(
                Origin(o.column, stronger(o.operation, operation), o.guards | {guard}) for o in self.origins
            ),
            self.marks | {guard.name},
        )


EMPTY = Flow()


def stronger(one: str, other: str) -> str:
    """Of two operations, the one that a report shows."""
    return one if _WEIGHT[one] >= _WEIGHT[other] else other


def merge_flows(flows: Iterable[Flow]) -> Flow:
    """What several expressions are made from, together."""
    given = [flow for flow in flows if flow.origins or flow.marks]
    if not given:
        return EMPTY
    if len(given) == 1:
        return given[0]
    operations: dict[tuple[ColumnId, frozenset[Guard]], str] = {}
    for flow in given:
        for column, operation, guards in flow.origins:
            known = operations.get((column, guards))
            operations[column, guards] = operation if known is None else stronger(known, operation)
    return Flow(
        frozenset(Origin(column, operation, guards) for (column, guards), operation in operations.items()),
        frozenset().union(*(flow.marks for flow in given)),
    )


@dataclass(frozen=True)
class Relation:
    """A relation of the project.

    Attributes:
        unique_id: dbt's.
        kind: source, seed, snapshot or model.
        label: how reports name it, as raw_agaj.prises_en_charge or dim_prison.
        file: where it is declared or described (YAML), else its SQL; below the checkout.
        categories: column -> config.meta.donnee_personnelle, where there is one.
        protections: column -> config.meta.protection, where there is one.
    """

    unique_id: str
    kind: str
    label: str
    file: str
    categories: Mapping[str, str] = field(default_factory=dict)
    protections: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """A model whose lineage cannot be worked out; nothing can be said of its columns.

    Attributes:
        relation: its unique id.
        file: its SQL.
        message: why, in French.
    """

    relation: str
    file: str
    message: str


@dataclass(frozen=True)
class Lineage:
    """Where every column comes from.

    Attributes:
        relations: unique_id -> relation, what is read before what reads it.
        columns: of sources, seeds, snapshots and models; those of sources and seeds come from nowhere.
        faults: the models that could not be read.
    """

    relations: Mapping[str, Relation]
    columns: Mapping[ColumnId, Flow]
    faults: tuple[Fault, ...] = ()

    def label(self, column: ColumnId) -> str:
        """How reports name a column."""
        return f"{self.relations[column.relation].label}.{column.column}"

    def columns_of(self, relation: str) -> list[ColumnId]:
        """The columns of a relation, in their order."""
        return list(self._by_relation.get(relation, ()))

    def upstream(self, column: ColumnId) -> list[Origin]:
        """What a column is directly made from, once per column."""
        found: dict[ColumnId, Origin] = {}
        for origin in sorted(self.columns[column].origins, key=lambda o: (o.column, o.operation)):
            found.setdefault(origin.column, origin)
        return list(found.values())

    def downstream(self, column: ColumnId) -> list[tuple[ColumnId, str]]:
        """The columns directly made from one, with the operation."""
        return self._readers.get(column, [])

    @cached_property
    def _by_relation(self) -> dict[str, list[ColumnId]]:
        found: dict[str, list[ColumnId]] = {}
        for column in self.columns:
            found.setdefault(column.relation, []).append(column)
        return found

    @cached_property
    def _readers(self) -> dict[ColumnId, list[tuple[ColumnId, str]]]:
        readers: dict[ColumnId, list[tuple[ColumnId, str]]] = {}
        for column in self.columns:
            for origin in self.upstream(column):
                readers.setdefault(origin.column, []).append((column, origin.operation))
        return readers

    def __iter__(self) -> Iterator[ColumnId]:
        """Every column."""
        return iter(self.columns)
