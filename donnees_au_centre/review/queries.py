"""What two texts of SQL have in common: the same query, the same but for its form, or another one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import cached_property

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from donnees_au_centre.french import some

DIALECT = "postgres"
# The clauses that decide which rows there are.
_CLAUSES: Mapping[str, tuple[type[exp.Expr], ...]] = {
    "filtre": (exp.Where, exp.Having),
    "jointures": (exp.Join,),
    "regroupement": (exp.Group, exp.Distinct),
}
_SHOWN = 4
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
# Texts of SQL and Jinja, which stay as they are; comments, which go.
_TEXT = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
_TEXTS = re.compile(f"({_TEXT})")
_PARTS = re.compile(rf"(?P<text>{_TEXT})|\{{#.*?#\}}|/\*.*?\*/|--[^\n]*", re.DOTALL)
_JINJA = re.compile(r"\{\{|\{%")
_SPACED = re.compile(r"\s*([(),;{}%=<>+*/|])\s*")


class Query:
    """The SQL of a model.

    Args:
        text: compiled, or with its Jinja.
        names: schema and name of each table that it may read -> what stands for it, wherever it is built.
    """

    def __init__(self, text: str, names: Mapping[tuple[str, str], str]) -> None:
        """Reads nothing yet."""
        self.text = text
        self._names = names

    @cached_property
    def tree(self) -> exp.Expr | None:
        """The query without its form; None for what is no SQL, Jinja for example."""
        if _JINJA.search(self.text):
            return None
        try:
            found = [one for one in sqlglot.parse(self.text, read=DIALECT) if one is not None]
        except (SqlglotError, RecursionError):
            return None
        if len(found) != 1:
            return None
        for node in found[0].walk():
            node.comments = None
            if isinstance(node, exp.Identifier):
                _plain(node)
        for table in found[0].find_all(exp.Table):
            if (named := self._names.get((table.db, table.name))) is not None:
                table.set("catalog", None)
                table.set("db", None)
                table.set("this", exp.to_identifier(named, quoted=True))
        return found[0]

    @cached_property
    def normal(self) -> str:
        """The same text for the same query, however it is written."""
        if self.tree is None:
            return words(self.text)
        return self.tree.sql(DIALECT, comments=False)

    def same(self, other: Query) -> bool:
        """True when only the form differs."""
        if (self.tree is None) != (other.tree is None):
            return words(self.text) == words(other.text)
        return self.normal == other.normal


def words(text: str) -> str:
    """A text of SQL or Jinja without its comments, and blanks only where they part words."""
    bare = _PARTS.sub(lambda part: part["text"] or " ", text)
    pieces = _TEXTS.split(bare)
    # Every other one is a text between quotes.
    return "".join(
        piece if number % 2 else _SPACED.sub(r"\1", re.sub(r"\s+", " ", piece))
        for number, piece in enumerate(pieces)
    ).strip()


def _plain(name: exp.Identifier) -> None:
    """A name as PostgreSQL understands it: `"x"`, `X` and `x` are the same."""
    if not name.args.get("quoted"):
        name.set("this", name.name.lower())
    elif _PLAIN.fullmatch(name.name):
        name.set("quoted", False)


def scaled(old: Query, new: Query) -> Iterator[tuple[str, Fraction]]:
    """The columns of a query that are now so many times what they were, and nothing else."""
    if old.tree is None or new.tree is None:
        return
    before, after = _columns(old.tree), _columns(new.tree)
    for name in sorted(before.keys() & after.keys()):
        for (one, by), (other, times) in zip(before[name], after[name], strict=False):
            if one == other and by and times != by:
                yield name, times / by
                break


def told(old: Query, new: Query) -> list[str]:
    """What of a query changes, in French: columns, what decides of rows; empty when it cannot be told."""
    if old.tree is None or new.tree is None:
        return []
    before, after = _columns(old.tree), _columns(new.tree)
    names = [name for name in after if name in before and after[name] != before[name]]
    found = [f"calcul de {some(names, _SHOWN)}"] if names else []
    for what, kinds in _CLAUSES.items():
        if _clauses(old.tree, kinds) != _clauses(new.tree, kinds):
            found.append(what)
    return found


def _clauses(tree: exp.Expr, kinds: tuple[type[exp.Expr], ...]) -> list[str]:
    return sorted(one.sql(DIALECT) for one in tree.find_all(*kinds))


def _columns(tree: exp.Expr) -> dict[str, list[tuple[str, Fraction]]]:
    """What each column that any SELECT of a query names is made of, and by how much it is multiplied."""
    found: dict[str, list[tuple[str, Fraction]]] = {}
    for select in tree.find_all(exp.Select):
        for item in select.expressions:
            if item.alias_or_name:
                found.setdefault(item.alias_or_name, []).append(_factor(item.unalias()))
    return found


def _factor(value: exp.Expr) -> tuple[str, Fraction]:
    """What a value is made of, and the number by which it is multiplied: `round(montant / 100, 2)`."""
    inner, by = value.unnest(), Fraction(1)
    while True:
        if isinstance(inner, exp.Round | exp.Cast):
            inner = inner.this.unnest()
        elif isinstance(inner, exp.Mul | exp.Div) and (told := _number(inner.expression)):
            by = by * told if isinstance(inner, exp.Mul) else by / told
            inner = inner.this.unnest()
        elif isinstance(inner, exp.Mul) and (told := _number(inner.this)):
            inner, by = inner.expression.unnest(), by * told
        elif isinstance(inner, exp.Sum | exp.Avg | exp.Max | exp.Min):
            made, times = _factor(inner.this)
            return f"{type(inner).__name__} {made}", by * times
        else:
            # The table that a column is read from may be named otherwise.
            return (inner.name if isinstance(inner, exp.Column) else inner.sql(DIALECT)), by


def _number(value: exp.Expr) -> Fraction | None:
    """A number that is written, other than zero."""
    inner = value.unnest()
    if isinstance(inner, exp.Literal) and not inner.is_string:
        return Fraction(inner.name) or None
    return None
