"""What a rule is, and how its function is found by what it visits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from denodo.finding import ERROR, WARNING, Edit
from denodo.tree import Node, Note, Seen, Text, span


@dataclass(frozen=True)
class Fault:
    """What a rule refuses at one place; `why` and `write` replace those of the rule."""

    start: int
    end: int
    message: str
    why: str | None = None
    write: str | None = None
    edit: Edit | None = None


@dataclass(frozen=True)
class Reading:
    """A text that was read, as rules see it; `portable` when it is for PostgreSQL as well."""

    text: Text
    portable: bool

    @property
    def sql(self) -> str:
        """The text itself."""
        return self.text.sql

    def of(self, node: Node) -> str:
        """A node as its author wrote it."""
        return self.text.of(node)


Visitor = Callable[[Any, Reading], Iterator[Fault]]


@dataclass(frozen=True)
class Rule:
    """One thing that portable SQL does without. Texts are French, for an analyst who knows SQL.

    Attributes:
        id: its name: `vql-` is not documented in VQL, `sens-` has another meaning there than in PostgreSQL,
            `avis-` warns of a meaning the manual leaves open.
        refused: the construct.
        why: the reason.
        write: what to write instead.
        example: a text that it refuses.
        visit: its function, which is given each thing in `on` that was seen, and gives its faults.
        on: the nodes and the kinds of notes that it visits.
    """

    id: str
    refused: str
    why: str
    write: str
    example: str
    visit: Visitor
    on: tuple[type[Node] | str, ...]

    @property
    def severity(self) -> str:
        """A warning where the manual leaves the meaning open, an error otherwise."""
        return WARNING if self.id.startswith("avis-") else ERROR

    @property
    def portable_only(self) -> bool:
        """True when VQL has the construct: nothing to say where the text is written for Denodo alone."""
        return not self.id.startswith("vql-")


class Chapter:
    """The rules of a chapter of the documentation, in its order."""

    def __init__(self, title: str) -> None:
        """`title` in French."""
        self.title = title
        self.rules: dict[str, Rule] = {}

    def rule(
        self, id: str, *on: type[Node] | str, refused: str, why: str, write: str, example: str
    ) -> Callable[[Visitor], Visitor]:
        """Makes a rule of a function; see `Rule` for the arguments."""

        def register(visit: Visitor) -> Visitor:
            self.rules[id] = Rule(id, refused, why, write, example, visit, on)
            return visit

        return register

    def refuse(
        self, id: str, *on: type[Node] | str, message: str, part: str | None = None, **texts: str
    ) -> None:
        """Makes a rule that says the same of all that it visits; see `at`, and `rule` for the texts."""

        @self.rule(id, *on, **texts)
        def visit(seen: Seen, read: Reading) -> Iterator[Fault]:
            yield at(seen, message, part=part)


def by_what_they_visit(rules: Mapping[str, Rule]) -> dict[type[Node] | str, list[Rule]]:
    """The rules for each class of node and each kind of note."""
    found: dict[type[Node] | str, list[Rule]] = defaultdict(list)
    for rule in rules.values():
        for what in rule.on:
            found[what].append(rule)
    return found


def key_of(seen: Seen) -> type[Node] | str:
    """What a rule names to visit a node or a note."""
    return seen.kind if isinstance(seen, Note) else type(seen)


def at(
    seen: Seen,
    message: str,
    *,
    part: str | None = None,
    why: str | None = None,
    write: str | None = None,
    edit: Edit | None = None,
) -> Fault:
    """A fault at a note, or at a node or one part of it."""
    start, end = (seen.start, seen.end) if isinstance(seen, Note) else span(seen, part)
    return Fault(start, end, message, why, write, edit)
