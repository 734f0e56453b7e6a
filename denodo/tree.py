"""The tree of a VQL text: sqlglot's nodes, each with its place in the text.

sqlglot's classes may be compiled and cannot be subclassed, so VQL's own constructs are sqlglot nodes
with an extra argument. How to find what was written (`node.args.get(...)`, or the helpers below):

- a function call is `Call` (sqlglot's Anonymous): `.name` in upper case, `.expressions` its arguments,
  `quantifier` "DISTINCT" or "ALL" if written, `database` the identifier before the dot. A name without
  parentheses (CURRENT_DATE, CURRENT_TIMESTAMP, …) is a Call with `form="bare"`;
- `form` of a Call that is no plain call: "infix" (`x CONTAINSAND ('a')`: name CONTAINS, CONTAINSAND,
  CONTAINSOR, ISCONTAINED or `~`; the first expression is the left side, `list` is true when the right
  side had parentheses), "row" (`ROW(..)`), "array" (`{ROW(..), ..}`), "list" (`[a, b]`), "brackets"
  (`ARRAY[..]` of PostgreSQL);
- `exp.Cast`: `form` is "as" (`CAST(x AS t)`), "vdp" (`CAST('t', x)`), "literal" (`DATE '…'`) or "::";
  `type_name(cast)` is the type as written, in upper case with single blanks; position(cast, "type") its
  place;
- `exp.Not` with `infix=True` is `x NOT IN (…)`, `x IS NOT NULL`, …; without, a NOT before its operand;
- `exp.RegexpLike`, `exp.RegexpILike`, `exp.Like`, `exp.ILike`, `exp.SimilarTo`; with ESCAPE wrapped in
  `exp.Escape`; `exp.Operator` is any other operator, its text in `operator`; position(node, "operator")
  and operator(node) give the operator as written (`!=` against `<>`) of every binary node;
- `exp.Extract`, `exp.Trim`, `exp.Substring`, `exp.StrPosition` are the forms with FROM, FOR or IN
  inside; their comma forms are Calls; `exp.Substring` keeps `word`, SUBSTRING or SUBSTR;
- `exp.Interval` (unit as text in a Var), `exp.Bracket` (`x[0]`), `exp.Dot` (`(x).y`), `exp.AtTimeZone`,
  `exp.Collate`, `exp.Filter`, `exp.WithinGroup`, `exp.IgnoreNulls`, `exp.RespectNulls`, `exp.Window`;
- queries: `exp.Select`, `exp.Union`, `exp.Except`, `exp.Intersect` (position(node, "operator"): UNION,
  MINUS, …; operator(node) the words as written), `exp.Subquery`, `exp.Values`. On Select:
  position(node, "distinct"), "distinct on", "where", "group", "having", "order", "limit", "offset",
  "fetch", "with", "context", "trace", "window", "qualify", "locks", "into" for the clauses; `modifiers`
  in meta lists them in the order they were written;
- `exp.Join`: `method` NATURAL, `side`, `kind`, `hint` in `vql_hint` ("HASH", "NESTED PARALLEL", …),
  position(join, "operator") the words; `exp.Lateral`; `exp.Table` whose `this` is a Call is a
  procedure, FLATTEN or table function;
- `exp.Ordered`: `nulls` FIRST or LAST if written, position(node, "nulls");
- `exp.Create` of kind VIEW or FOLDER; `exp.Use` is CONNECT DATABASE; `exp.Command` any other statement
  (`this` its first word, `expression` the rest).
"""

from __future__ import annotations

from typing import NamedTuple

from sqlglot import exp

Call = exp.Anonymous
"""A function call: `.name` (upper case) and `.expressions`."""


class Position(NamedTuple):
    """A place in the text: offsets (end exclusive), and line and column of its start, from 1."""

    start: int
    end: int
    line: int
    column: int


def position(node: exp.Expression, part: str | None = None) -> Position | None:
    """Where a node stands, or one part of it ("operator", "type", "order", …); None if not recorded."""
    found = node.meta.get("parts", {}).get(part) if part else node.meta.get("at")
    return Position(*found) if found else None


def operator(node: exp.Expression) -> str:
    """The operator or words between a node's operands, in upper case: `!=`, `<>`, `UNION ALL`."""
    return node.meta.get("operator", "")


def type_name(cast: exp.Expression) -> str:
    """The type a Cast names, in upper case, single blanks, without length: INT4, DOUBLE PRECISION."""
    to = cast.args["to"]
    return str(to.args.get("kind") or to.sql()).upper()


def type_parameters(cast: exp.Expression) -> list[str]:
    """The length, precision and scale after the type's name, as written: ["10", "2"], ["MAX"]."""
    return [parameter.name for parameter in cast.args["to"].expressions]


def form(node: exp.Expression) -> str:
    """How a Call or Cast was written (see the module's text); "" for a plain call."""
    return node.args.get("form") or ""


def call(name: str, *arguments: exp.Expression, **more: object) -> exp.Expression:
    """A new function call."""
    return Call(this=name.upper(), expressions=list(arguments), **more)


def is_call(node: object, *names: str) -> bool:
    """Whether a node is a plain call of one of these functions (names in upper case)."""
    return isinstance(node, Call) and not form(node) and (not names or node.name in names)
