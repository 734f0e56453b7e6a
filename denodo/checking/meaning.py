"""The type of an expression, as far as its own text tells it: what the rules on dates and rounding need."""

from __future__ import annotations

import re

from denodo import catalogue
from denodo.checking.tree import Expr, Scope

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


def type_of(expr: Expr, scope: Scope) -> str | None:
    """The VDP type of an expression ("interval", or "datetime" for one of several), None when unknown."""
    if id(expr) not in scope.types:
        scope.types[id(expr)] = expr, _type_of(expr, scope)
    return scope.types[id(expr)][1]


def _type_of(expr: Expr, scope: Scope) -> str | None:
    match expr.kind:
        case "number":
            return "double" if any(sign in expr.name for sign in ".eE") else "int"
        case "text":
            return "text"
        case "boolean" | "condition":
            return "boolean"
        case "interval":
            return "interval"
        case "literal" | "cast":
            return expr.name or None
        case "column":
            return scope.type_of(expr) or ("datetime" if _DATE_NAME.fullmatch(expr.name) else None)
        case "case":
            return _first(expr.parts, scope)
        case "operation":
            return _operation(expr, scope)
        case "call":
            return _call(expr, scope)
        case "subquery" if expr.output and len(expr.output.columns) == 1:
            return expr.output.columns[0].type
    return None


def _first(parts: list[Expr], scope: Scope) -> str | None:
    return next((known for part in parts if (known := type_of(part, scope))), None)


def _call(expr: Expr, scope: Scope) -> str | None:
    if expr.name in _POSTGRESQL_RESULTS:
        return _POSTGRESQL_RESULTS[expr.name]
    if expr.name in _SAME_AS_ARGUMENT:
        return _first(expr.parts, scope)
    if expr.name in {"ROUND", "TRUNC", "CEIL", "FLOOR"}:
        inner = _first(expr.parts[:1], scope)
        if inner in DATETIMES:
            return inner
        return "long" if len(expr.parts) == 1 else inner
    plain = [entry for entry in catalogue.lookup(expr.name) if entry.kind != catalogue.ANALYTIC]
    results = {entry.result for entry in plain}
    result = results.pop() if len(results) == 1 else None
    if result == "datetime":
        return _first(expr.parts[:1], scope) or "datetime"
    return None if result in {"numeric", "element", None} else result


def _operation(expr: Expr, scope: Scope) -> str | None:
    if expr.name == "||":
        return "text"
    if expr.name not in {"+", "-", "*", "/", "%"}:
        return None
    kinds = [type_of(part, scope) for part in expr.parts]
    if len(kinds) == 2:
        dates = [kind for kind in kinds if kind in DATETIMES]
        if len(dates) == 2:
            return "long" if expr.name == "-" else None
        if dates:
            return dates[0]
    if "interval" in kinds:
        return "interval"
    if any(kind in FRACTIONS for kind in kinds):
        return "double"
    return "int" if all(kind in INTEGERS for kind in kinds) else None
