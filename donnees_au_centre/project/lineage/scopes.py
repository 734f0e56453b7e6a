"""The relations that the expressions of one query may name, and what their columns are made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from donnees_au_centre.project.lineage.graph import EMPTY, ColumnId, Flow, together

# Columns that PostgreSQL has in every table, and that hold nobody's data.
SYSTEM_COLUMNS = frozenset({"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid"})

Columns = Mapping[str, Flow]
# Columns of a relation by schema (empty when the query names none) and name; None when it is unknown.
FindRelation = Callable[[str, str], Columns | None]


class Unreadable(Exception):
    """A query whose lineage cannot be worked out; the message says why, in French."""


@dataclass
class Source:
    """What stands in a FROM clause.

    Attributes:
        columns: name -> what it is made from.
        any_column: what a column of another name is made from, for a function, whose columns are not known.
    """

    columns: dict[str, Flow]
    any_column: Flow | None = None

    def whole(self) -> Flow:
        """What a whole row is made from."""
        return together([*self.columns.values(), self.any_column or EMPTY])

    def get(self, name: str) -> Flow | None:
        """What a column is made from; None when there is none of that name."""
        found = self.columns.get(name)
        if found is None:
            found = EMPTY if name in SYSTEM_COLUMNS else self.any_column
        return found


@dataclass
class Scope:
    """One SELECT.

    Attributes:
        outer: the query around this one, whose columns a correlated or lateral subquery may name.
        sources: alias -> what stands in FROM.
        merged: the columns of JOIN … USING, which belong to both sides.
        keys: what the groups of its aggregates are made of.
        windows: the WINDOW clause.
        conditions: ON and WHERE, each with the sources that it holds for (None: all).
        lent: what queries inside this one took from it.
        row_values: the columns whose values FROM takes from a row of the query around.
    """

    outer: Scope | None = None
    sources: dict[str, Source] = field(default_factory=dict)
    merged: dict[str, Flow] = field(default_factory=dict)
    keys: tuple[Flow, ...] = ()
    windows: dict[str, exp.Window] = field(default_factory=dict)
    conditions: list[tuple[exp.Expr, frozenset[str] | None]] = field(default_factory=list)
    lent: list[Flow] = field(default_factory=list)
    row_values: frozenset[ColumnId] = frozenset()

    def find(self, table: str, column: str) -> Flow | None:
        """What a column is made from; None when this query and those around it have none of that name."""
        found = self.find_here(table, column)
        if found is None and self.outer is not None:
            found = self.outer.find(table, column)
            if found is not None:
                self.outer.lent.append(found)
        return found

    def find_here(self, table: str, column: str) -> Flow | None:
        """The same in this query alone."""
        if table:
            source = self.sources.get(table)
            return None if source is None else source.get(column)
        if column in self.merged:
            return self.merged[column]
        found = [source.columns[column] for source in self.sources.values() if column in source.columns]
        if found:
            return together(found)
        # The name of a relation stands for its whole row.
        if column in self.sources:
            return self.sources[column].whole()
        unknown = [source.any_column for source in self.sources.values() if source.any_column is not None]
        if unknown:
            return together(unknown)
        return EMPTY if column in SYSTEM_COLUMNS and self.sources else None

    def star(self) -> dict[str, Flow]:
        """The columns of `select *`."""
        columns = dict(self.merged)
        for source in self.sources.values():
            for name, flow in source.columns.items():
                if name not in self.merged:
                    put(columns, name, flow)
        return columns

    def add(self, column: exp.Column, flow: Flow) -> bool:
        """Notes that a column, of this query or of one around it, also has the value of something else.

        Returns:
            True when that was not known yet.
        """
        table, name = name_of(column.args.get("table")), name_of(column.this)
        if self.find_here(table, name) is None:
            return self.outer is not None and self.outer.add(column, flow)
        added = False
        if not table and name in self.merged:
            self.merged[name], added = _with(self.merged[name], flow)
        for alias, source in self.sources.items():
            if table in ("", alias) and name in source.columns:
                source.columns[name], more = _with(source.columns[name], flow)
                added = added or more
        return added


def _with(known: Flow, flow: Flow) -> tuple[Flow, bool]:
    """A flow and what another one adds to it; whether that is anything."""
    ways = {(origin.column, origin.guards) for origin in known.origins}
    new = frozenset(origin for origin in flow.origins if (origin.column, origin.guards) not in ways)
    return (together([known, Flow(new, flow.marks)]), True) if new else (known, False)


def put(columns: dict[str, Flow], name: str, flow: Flow) -> None:
    """Adds a column in the last place; a name that is taken already cannot be read, but its place counts."""
    while name in columns:
        name += "'"
    columns[name] = flow


def name_of(identifier: exp.Expr | None) -> str:
    """A name as PostgreSQL knows it: as written between quotes, else in small letters; empty for none."""
    if identifier is None:
        return ""
    if isinstance(identifier, exp.Identifier):
        return identifier.name if identifier.quoted else identifier.name.lower()
    return identifier.name.lower()
