"""What the text tells of the columns of a query and of the type of an expression."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from denodo import catalogue
from denodo.tree import Node, Scope, arguments, bare, kind, label, name, qualifier, span

DATETIMES = frozenset({"localdate", "timestamp", "timestamptz", "time", "date", "datetime"})
FRACTIONS = frozenset({"double", "float", "decimal"})
INTEGERS = frozenset({"int", "long"})

# A column that says it is a date; its key, its text or the number of them is none.
_DATE_NAME = re.compile(
    r"date|datetime|(?:date|datetime)_(?!.*(?:id|key|cle|code|texte?|txt|str|int|num|numero|nb|ms|millis)$)"
    r".*|(?!nb_|num_|nombre_).*_(?:date|datetime)|(?:created|updated|deleted|loaded|started|ended)_at",
    re.IGNORECASE,
)
_POSTGRESQL_RESULTS = {
    "MAKE_DATE": "localdate",
    "MAKE_TIMESTAMP": "timestamp",
    "DATE_TRUNC": "timestamp",
    "TO_DATE": "localdate",
    "CLOCK_TIMESTAMP": "timestamptz",
    "LOCALTIMESTAMP": "timestamp",
    "AGE": "interval",
}
_SAME_AS_ARGUMENT = {"MAX", "MIN", "COALESCE", "NULLIF", "FIRST", "LAST", "SUM", "ABS", "GREATEST", "LEAST"}


@dataclass
class Column:
    """A column of a result: `name` is None when the server makes one up; `node` is what it is made of."""

    name: str | None
    start: int
    end: int
    node: Node | None = None
    type: str | None = None


@dataclass
class Output:
    """The columns of a result; `complete` is False when a `*` hides some of them."""

    columns: list[Column]
    complete: bool = True


def output(query: Node) -> Output:
    """What a query or a CTE returns, as far as the text tells."""
    while isinstance(query, (exp.Subquery, exp.SetOperation)):
        query = query.this
    if "output" not in query.meta:
        query.meta["output"] = _output(query)
    found: Output = query.meta["output"]
    return found


def _output(query: Node) -> Output:
    if isinstance(query, exp.CTE):
        found = output(query.this)
        names = query.args["alias"].args.get("columns") or []
        if not (names and found.complete and len(names) == len(found.columns)):
            return found
        pairs = zip(names, found.columns, strict=True)
        return Output([Column(label(new), *span(new), old.node, old.type) for new, old in pairs])
    if not isinstance(query, exp.Select) or "scope" not in query.meta:
        return Output([], complete=False)
    columns: list[Column] = []
    complete = True
    for field in fields(query):
        if field.node is None or kind(field.node) != "star":
            field.type = type_of(field.node, query) if field.node is not None else None
            columns.append(field)
            continue
        scope: Scope = query.meta["scope"]
        wanted = [source for source in scope.sources if star_table(field.node) in (None, source.name)]
        known = [output(source.query) if source.query is not None else None for source in wanted]
        if scope.merged or not wanted or any(found is None or not found.complete for found in known):
            complete = False
        columns += [
            Column(column.name, field.start, field.end, None, column.type)
            for found in known
            if found is not None
            for column in found.columns
        ]
    return Output(columns, complete)


def fields(select: Node) -> list[Column]:
    """What stands between SELECT and FROM; a star has no name."""
    found = []
    for item in select.expressions:
        if isinstance(item, exp.Alias):
            alias = item.args["alias"]
            found.append(Column(label(alias), *span(alias), item.this))
        else:
            own = name(item) if kind(item) == "column" else None
            found.append(Column(own or None, *span(item), item))
    return found


def star_table(star: Node) -> str | None:
    """The table of `t.*`; None for `*`."""
    return qualifier(star) if isinstance(star, exp.Column) else None


def type_of(node: Node, select: Node) -> str | None:
    """The VDP type of an expression of a SELECT, None when unknown.

    "interval" and "datetime" stand for one of several types.
    """
    scope: Scope = select.meta["scope"]
    known = scope.types
    node = bare(node)
    if id(node) not in known:
        known[id(node)] = _type_of(node, select)
    return known[id(node)]


def _type_of(node: Node, select: Node) -> str | None:
    match kind(node):
        case "number":
            return "double" if any(sign in name(node) for sign in ".eE") else "int"
        case "text":
            return "text"
        case "boolean" | "condition":
            return "boolean"
        case "interval":
            return "interval"
        case "literal" | "cast":
            return node.meta["type"] or None
        case "column":
            return _column(node, select) or ("datetime" if _DATE_NAME.fullmatch(name(node)) else None)
        case "case":
            return _first(_case_parts(node), select)
        case "operation":
            return _operation(node, select)
        case "call":
            return _call(name(node), arguments(node), select)
        case "subquery":
            columns = output(node).columns
            return columns[0].type if len(columns) == 1 else None
    return None


def _column(node: Node, select: Node) -> str | None:
    """The type of a column, when a subquery or a CTE tells it."""
    for source in select.meta["scope"].sources:
        if qualifier(node) not in (None, source.name) or source.query is None:
            continue
        for known in output(source.query).columns:
            if known.name == name(node):
                return known.type
    return None


def _case_parts(node: Node) -> list[Node]:
    branches = node.args["ifs"]
    parts = [branch.args["true"] for branch in branches]
    parts += [node.args[key] for key in ("default", "this") if node.args.get(key)]
    return parts + [branch.this for branch in branches]


def _first(parts: list[Node], select: Node) -> str | None:
    return next((known for part in parts if (known := type_of(part, select))), None)


def _call(function: str, parts: list[Node], select: Node) -> str | None:
    if function in _POSTGRESQL_RESULTS:
        return _POSTGRESQL_RESULTS[function]
    if function in _SAME_AS_ARGUMENT:
        return _first(parts, select)
    if function in {"ROUND", "TRUNC", "CEIL", "FLOOR"}:
        inner = _first(parts[:1], select)
        if inner in DATETIMES:
            return inner
        return "long" if len(parts) == 1 else inner
    results = {entry.result for entry in catalogue.lookup_plain(function)}
    result = results.pop() if len(results) == 1 else None
    if result == "datetime":
        return _first(parts[:1], select) or "datetime"
    return None if result in {"numeric", "element", None} else result


def _operation(node: Node, select: Node) -> str | None:
    if isinstance(node, exp.DPipe):
        return "text"
    if isinstance(node, exp.Neg):
        parts = [node.this]
    elif isinstance(node, (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod)):
        parts = [node.this, node.expression]
    elif node.args.get("operator") in {"+", "-"}:
        parts = [node.expression]
    else:
        return None
    kinds = [type_of(part, select) for part in parts]
    dates = [found for found in kinds if found in DATETIMES]
    if len(kinds) == 2 and len(dates) == 2:
        return "long" if isinstance(node, exp.Sub) else None
    if len(kinds) == 2 and dates:
        return dates[0]
    if "interval" in kinds:
        return "interval"
    if any(found in FRACTIONS for found in kinds):
        return "double"
    return "int" if all(found in INTEGERS for found in kinds) else None
