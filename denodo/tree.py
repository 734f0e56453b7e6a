"""The tree of a VQL text: sqlglot's nodes, each with its place in the text, and notes on how it was written.

sqlglot's classes may be compiled and cannot be subclassed, so VQL's own constructs are sqlglot nodes
with an extra argument. How to find what was written (`node.args.get(...)`, or the helpers below):

- a function call is `Call` (sqlglot's Anonymous): `.name` in upper case, `.expressions` its arguments,
  `quantifier` "DISTINCT" or "ALL" if written, `database` the identifier before the dot. A name without
  parentheses (CURRENT_DATE, CURRENT_TIMESTAMP, …) is a Call with `form="bare"`;
- `form` of a Call that is no plain call: "infix" (`x CONTAINSAND ('a')`: name CONTAINS, CONTAINSAND,
  CONTAINSOR, ISCONTAINED or `~`; the first expression is the left side, `list` is true when the right
  side had parentheses), "row" (`ROW(..)`), "array" (`{ROW(..), ..}`), "list" (`[a, b]`), "brackets"
  (`ARRAY[..]` of PostgreSQL), "grouping" (GROUPING SETS);
- `exp.Cast`: `form` is "as" (`CAST(x AS t)`), "vdp" (`CAST('t', x)`), "literal" (`DATE '…'`) or "::";
  the `kind` of its `to` is the type as written, in upper case with single blanks, span(cast, "type") its
  place;
- `exp.Not` with `infix=True` is `x NOT IN (…)`, `x IS NOT NULL`, …; without, a NOT before its operand;
- `exp.RegexpLike`, `exp.RegexpILike`, `exp.Like`, `exp.ILike`, `exp.SimilarTo`; with ESCAPE wrapped in
  `exp.Escape`; `exp.Operator` is any other operator, its text in `operator`; `operator` in meta is the
  operator as written (`!=` against `<>`), span(node, "operator") its place;
- `exp.Extract`, `exp.Trim`, `exp.Substring`, `exp.StrPosition` are the forms with FROM, FOR or IN
  inside; their comma forms are Calls; `exp.Substring` keeps `word`, SUBSTRING or SUBSTR;
- `exp.Interval` (unit as text in a Var), `exp.Bracket` (`x[0]`), `exp.Dot` (`(x).y`), `exp.AtTimeZone`,
  `exp.Collate`, `exp.Filter`, `exp.WithinGroup`, `exp.IgnoreNulls`, `exp.RespectNulls`, `exp.Window`;
- queries: `exp.Select`, `exp.Union`, `exp.Except`, `exp.Intersect`, `exp.Subquery`, `exp.Values`;
  `modifiers` in meta lists ORDER BY, OFFSET, LIMIT… in the order they were written;
- `exp.Join`: `method` NATURAL, `side`, `kind`, `hint` in `vql_hint` ("HASH", "NESTED PARALLEL", …);
  `exp.Lateral`; `exp.Table` whose `this` is a Call is a procedure, FLATTEN or table function;
- `exp.Ordered`: `nulls` FIRST or LAST if written, span(node, "nulls");
- `exp.Create` of kind VIEW or FOLDER; `exp.Use` is CONNECT DATABASE; `exp.Command` any other statement
  (`this` its first word, `expression` the rest).

What has no node, because VQL has not the like of it (TABLESAMPLE, ONLY…), and the role an expression
plays where it stands, are `Note`s.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from denodo import catalogue
from denodo.lexer import Hash, VqlSyntaxError, words_of

Node = exp.Expression
Call = exp.Anonymous
"""A function call: `.name` (upper case) and `.expressions`."""


@dataclass(frozen=True, slots=True)
class Note:
    """Something seen at a place of the text: its `kind`, the node it is about, and more words by name."""

    kind: str
    start: int
    end: int
    node: Node | None = None
    more: dict[str, Any] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:
        """One of the words in `more`; None when it has none of this name."""
        return self.more.get(name)

    @property
    def about(self) -> Node:
        """The node of a note whose kind always has one."""
        assert self.node is not None
        return self.node


Seen = Node | Note


@dataclass
class Text:
    """A text that was read.

    Attributes:
        sql: the text.
        statements: the tree of each statement.
        seen: every node and every note, in the order of reading: what is inside comes first.
        hashes: the comments that begin with `#`.
        faults: where reading stopped, one for each statement at most.
    """

    sql: str
    statements: list[Node] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    hashes: list[Hash] = field(default_factory=list)
    faults: list[VqlSyntaxError] = field(default_factory=list)

    def of(self, node: Node) -> str:
        """A node as its author wrote it."""
        start, end = span(node)
        return self.sql[start:end]


@dataclass
class Source:
    """A table of FROM: the name the rest of the query gives it, and its query when it is one or a CTE."""

    name: str | None
    query: Node | None


@dataclass
class Scope:
    """What a SELECT reads.

    Attributes:
        sources: the tables of FROM.
        merged: NATURAL or USING makes one column of two.
        conditions: those of ON, then that of WHERE.
        types: what is known of the type of expressions, by their identity.
    """

    sources: list[Source] = field(default_factory=list)
    merged: bool = False
    conditions: list[Node] = field(default_factory=list)
    types: dict[int, str | None] = field(default_factory=dict)


def span(node: Node, part: str | None = None) -> tuple[int, int]:
    """The offsets of a node that was read, or of a part of it ("operator", "type", …) that is there."""
    found = node.meta["parts"][part] if part else node.meta["at"]
    return found[0], found[1]


def form(node: Node) -> str:
    """How a Call or Cast was written (see the module's text); "" for a plain call."""
    return node.args.get("form") or ""


def label(identifier: Node) -> str:
    """A name as the engines compare it: lower case, or as written between quotes."""
    written: str = identifier.this
    return written if identifier.args.get("quoted") else written.lower()


def bare(node: Node) -> Node:
    """What stands inside brackets, or before COLLATE."""
    while isinstance(node, (exp.Paren, exp.Collate)):
        node = node.this
    return node


# Operators of PostgreSQL (and of others) whose result is true or false.
TESTS = words_of(
    """
    ~ ~* !~ !~* ~~ ~~* !~~ !~~* @> <@ ? ?| ?& @? @@ && -|- &< &> == <=> ^= << >> <<| |>> &<| |&> ^@ !
    OVERLAPS RLIKE REGEXP GLOB
    """
)
# Bits moved, more often than two ranges compared.
SHIFTS = frozenset({"<<", ">>"})
_KINDS: dict[type[Node], str] = {
    exp.Null: "null",
    exp.Boolean: "boolean",
    exp.Case: "case",
    exp.Tuple: "tuple",
    exp.Subquery: "subquery",
    exp.Interval: "interval",
    exp.Placeholder: "parameter",
    exp.Star: "star",
    exp.AtTimeZone: "cast",
    **dict.fromkeys((exp.Dot, exp.Bracket), "column"),
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe), "operation"),
    **dict.fromkeys(
        (
            *(exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Is, exp.In),
            *(exp.Like, exp.ILike, exp.SimilarTo, exp.Escape, exp.RegexpLike, exp.RegexpILike, exp.Between),
            *(exp.NullSafeEQ, exp.NullSafeNEQ, exp.Exists),
        ),
        "condition",
    ),
    **dict.fromkeys(
        (
            *(exp.Extract, exp.Trim, exp.Substring, exp.StrPosition, exp.Window, exp.WithinGroup),
            *(exp.Filter, exp.IgnoreNulls, exp.RespectNulls),
        ),
        "call",
    ),
}
_FORMS = {"infix": "condition", "row": "row", "array": "row", "list": "array", "brackets": "array"}
_NAMES: dict[type[Node], str] = {
    exp.Extract: "EXTRACT",
    exp.Trim: "TRIM",
    exp.Substring: "SUBSTR",
    exp.StrPosition: "POSITION",
}


def kind(node: Node) -> str:
    """What an expression is, whatever brackets stand around it.

    One of column, number, text, null, boolean, literal, call, cast, case, operation, condition, subquery,
    tuple, row, array, interval, parameter, star.
    """
    node = bare(node)
    found = _KINDS.get(type(node))
    if found:
        return found
    if isinstance(node, exp.Column):
        return "star" if isinstance(node.this, exp.Star) else "column"
    if isinstance(node, exp.Literal):
        return "text" if node.is_string else "number"
    if isinstance(node, exp.Neg):
        return "number" if isinstance(node.this, (exp.Literal, exp.Neg)) else "operation"
    if isinstance(node, exp.Operator):
        word = node.args["operator"]
        test = word in TESTS and word not in SHIFTS and not node.args.get("unary")
        return "condition" if test else "operation"
    if isinstance(node, exp.Cast):
        return "literal" if form(node) == "literal" else "cast"
    return _FORMS.get(form(node), "call")


def name(node: Node) -> str:
    """The last part of a column, the function of a call, the digits of a number; "" for anything else."""
    node = bare(node)
    if isinstance(node, exp.Column):
        return label(node.this)
    if isinstance(node, exp.Dot):
        return label(node.expression)
    while isinstance(node, (exp.Window, exp.WithinGroup, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        node = node.this
    while isinstance(node, exp.Neg):
        node = node.this
    if isinstance(node, exp.Literal):
        digits: str = node.meta["raw"]
        return digits
    return node.name if isinstance(node, Call) else _NAMES.get(type(node), "")


def qualifier(node: Node) -> str | None:
    """The table of a column."""
    table = bare(node).args.get("table")
    return label(table) if table else None


def text(node: Node) -> str:
    """The content of a text."""
    content: str = bare(node).this
    return content


def arguments(node: Node) -> list[Node]:
    """The values that a call is given, those of a list one by one."""
    node = bare(node)
    while isinstance(node, (exp.Window, exp.WithinGroup, exp.Filter, exp.IgnoreNulls, exp.RespectNulls)):
        node = node.this
    if isinstance(node, (exp.Extract, exp.Substring, exp.Trim, exp.StrPosition)):
        return [node.expression if isinstance(node, exp.Extract) else node.this]
    found: list[Node] = []
    for part in node.expressions:
        while isinstance(part, (exp.Order, exp.Kwarg)):
            part = part.this if isinstance(part, exp.Order) else part.expression
        found += part.expressions if form(part) == "list" else [part]
    return found


def columns_in(node: Node) -> Iterator[Node]:
    """The columns that an expression reads, without the inside of its subqueries."""
    waiting = [node]
    while waiting:
        part = waiting.pop()
        if isinstance(part, (exp.Select, exp.SetOperation, exp.Subquery, exp.Exists, exp.Identifier)):
            continue
        if kind(part) == "column":
            yield part
        waiting += reversed(list(bare(part).iter_expressions()))


def aggregates(node: Node) -> bool:
    """Whether an expression is an aggregate, or a call or a CASE of one."""
    return bool(bare(node).meta.get("aggregate"))


def aggregate_function(function: str, count: int) -> bool:
    """Whether a call of a function with so many arguments is an aggregate."""
    known = any(entry.kind == catalogue.AGGREGATE for entry in catalogue.lookup(function))
    return known and (count < 2 or function in {"GROUP_CONCAT", "NEST"})


def alone(query: Node) -> Node | None:
    """The one SELECT of a query, None when it combines several."""
    while isinstance(query, exp.Subquery):
        query = query.this
    return query if isinstance(query, exp.Select) else None
