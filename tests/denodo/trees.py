"""What the bench and its tests ask of a tree that was read (see denodo.tree)."""

from __future__ import annotations

from typing import NamedTuple

from denodo.tree import Node


class Position(NamedTuple):
    """A place in the text: offsets (end exclusive), and line and column of its start, from 1."""

    start: int
    end: int
    line: int
    column: int


def position(node: Node, part: str | None = None) -> Position | None:
    """Where a node stands, or one part of it ("operator", "type", "limit", …); None if not recorded."""
    found = node.meta.get("parts", {}).get(part) if part else node.meta.get("at")
    return Position(*found) if found else None


def operator(node: Node) -> str:
    """The operator or words between a node's operands, in upper case: `!=`, `<>`, `INNER JOIN`."""
    written: str = node.meta.get("operator", "")
    return written


def type_name(cast: Node) -> str:
    """The type a Cast names, in upper case, single blanks, without length: INT4, DOUBLE PRECISION."""
    to = cast.args["to"]
    return str(to.args.get("kind") or to.sql()).upper()


def type_parameters(cast: Node) -> list[str]:
    """The length, precision and scale after the type's name, as written: ["10", "2"], ["MAX"]."""
    return [parameter.name for parameter in cast.args["to"].expressions]
