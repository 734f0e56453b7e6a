"""What the translation to PostgreSQL knows of a query, and the nodes it builds."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from sqlglot import exp

from tests.denodo.trees import position

Node = exp.Expression
Column = tuple[str, "str | None"]


class NotTranslatable(ValueError):
    """Documented VQL that has no counterpart here, or VQL that the manual forbids; says what and why."""

    def __init__(self, reason: str, node: Node | None = None) -> None:
        """`node` is the part of the tree at fault."""
        place = position(node) if node is not None else None
        super().__init__(f"ligne {place.line}, colonne {place.column} : {reason}" if place else reason)
        self.reason = reason
        self.place = place


@dataclass
class Relation:
    """A source of a FROM clause and its columns, None when they are not known."""

    name: str | None
    columns: list[Column] | None


@dataclass
class Scope:
    """What an expression may name: sources, common tables, and in `aliases` other fields of its SELECT.

    `fields` are those of the scope's own SELECT, which ORDER BY and GROUP BY may name.
    """

    relations: list[Relation] = field(default_factory=list)
    tables: dict[str, list[Column] | None] = field(default_factory=dict)
    outer: Scope | None = None
    aliases: dict[str, tuple[Node, str | None]] = field(default_factory=dict)
    fields: dict[str, tuple[Node, str | None]] = field(default_factory=dict)

    def column(self, name: str, table: str | None) -> tuple[bool, str | None]:
        """Whether a column is known to exist, and its type."""
        for relation in self.relations:
            if table is None or relation.name == table:
                for column, type_ in relation.columns or []:
                    if column == name:
                        return True, type_
                if table is not None:
                    return False, None
        return self.outer.column(name, table) if self.outer else (False, None)

    def table(self, name: str) -> tuple[bool, list[Column] | None]:
        """Whether a common table is known, and its columns."""
        if name in self.tables:
            return True, self.tables[name]
        return self.outer.table(name) if self.outer else (False, None)

    def inner(self) -> Scope:
        """A scope within this one."""
        return Scope(outer=self)

    @property
    def complete(self) -> bool:
        """Whether the columns of every source are known."""
        return all(relation.columns is not None for relation in self.relations)


_RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
    collation column concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
    except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into
    is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on
    only or order outer overlaps placing primary references returning right select session_user similar some
    symmetric system_user table tablesample then to trailing true union unique user using variadic verbose
    when where window with between bigint bit boolean char character coalesce dec decimal exists extract float
    greatest grouping inout int integer interval least national nchar none normalize nullif numeric out
    overlay
    position precision real row setof smallint substring time timestamp treat trim values varchar
    """.split()  # noqa: SIM905
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")


def function(name: str, *arguments: Node) -> Node:
    """A call of a PostgreSQL function."""
    return exp.Anonymous(this=name, expressions=list(arguments))


def vql_call(name: str, *arguments: Node) -> Node:
    """A call of a function of the schema `vql`."""
    return function(f"vql.{name}", *arguments)


def type_node(name: str) -> Node:
    """A PostgreSQL type."""
    return exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=name)


def cast(value: Node, name: str) -> Node:
    """A value cast to a PostgreSQL type."""
    return exp.Cast(this=value, to=type_node(name))


def in_parentheses(node: Node) -> Node:
    """A node between parentheses, unless it binds tightly enough."""
    return (
        node
        if isinstance(node, (exp.Paren, exp.Anonymous, exp.Literal, exp.Column, exp.Cast))
        else exp.Paren(this=node)
    )


def string(text: str) -> Node:
    """A text between quotes."""
    return exp.Literal.string(text)


def name_of(identifier: Node | str) -> str:
    """An identifier's name as PostgreSQL stores it: VQL folds unquoted names to lower case."""
    if isinstance(identifier, str):
        return identifier.lower()
    return identifier.this if identifier.args.get("quoted") else identifier.this.lower()


def identifier(name: str) -> Node:
    """A name, quoted where PostgreSQL needs it."""
    return exp.Identifier(this=name, quoted=not _PLAIN.match(name) or name in _RESERVED)


def is_text_literal(node: Node) -> bool:
    """Whether a node is a text between quotes."""
    return isinstance(node, exp.Literal) and node.is_string


def operand(node: Node) -> Node:
    """A node between parentheses if an operator beside it could tear it apart."""
    return exp.Paren(this=node) if isinstance(node, (exp.Binary, exp.Neg)) else node


def by_code_point(node: Node) -> Node:
    """A text that compares and sorts by the Unicode value of its characters, as VQL compares."""
    if isinstance(node, (exp.Binary, exp.Case, exp.Window)):
        node = exp.Paren(this=node)
    return exp.Collate(this=node, expression=exp.Identifier(this="C", quoted=True))
