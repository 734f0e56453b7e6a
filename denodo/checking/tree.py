"""What the reader keeps of an expression and of a query: enough to judge them, with their place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class Expr:
    """An expression from `start` to `end`.

    `kind` is one of column, number, text, null, boolean, literal, call, cast, case, operation, condition,
    subquery, tuple, row, array, interval, parameter, star. `name` is the operator, the function, the type or
    the last part of a column; `value` the content of a text; `qualifier` the table of a column; `output` what
    a subquery returns.
    """

    kind: str
    start: int
    end: int
    name: str = ""
    value: str | None = None
    qualifier: str | None = None
    parts: list[Expr] = field(default_factory=list)
    aggregate: bool = False
    output: Output | None = None

    @property
    def condition(self) -> bool:
        """True for what is true or false without being a boolean value of VQL's grammar."""
        return self.kind == "condition"

    def walk(self) -> Iterator[Expr]:
        """This expression and everything in it, without the inside of subqueries."""
        yield self
        for part in self.parts:
            yield from part.walk()


@dataclass
class Column:
    """A column of a result: `name` is None when the server makes one up."""

    name: str | None
    start: int
    end: int
    expr: Expr | None = None
    type: str | None = None


@dataclass
class Output:
    """The columns of a result; `complete` is False when a `*` hides some of them."""

    columns: list[Column]
    complete: bool = True


@dataclass
class Source:
    """A table of FROM, under the name the rest of the query gives it, and its columns when they are known."""

    name: str | None
    output: Output | None


@dataclass
class Scope:
    """The tables of a FROM clause."""

    sources: list[Source] = field(default_factory=list)
    merged: bool = False
    # The type of what was judged already, by the identity of the expression: a long sum is gone through once.
    types: dict[int, tuple[Expr, str | None]] = field(default_factory=dict)

    def type_of(self, column: Expr) -> str | None:
        """The type of a column, when a subquery or a CTE tells it."""
        for source in self.sources:
            if column.qualifier is not None and source.name != column.qualifier:
                continue
            for known in source.output.columns if source.output else []:
                if known.name == column.name:
                    return known.type
        return None
