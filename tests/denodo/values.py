"""Values and conditions of VQL in PostgreSQL (see tests.denodo.postgresql)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlglot import exp

from denodo.tree import Call, form
from tests.denodo import types
from tests.denodo.scopes import (
    Column,
    Node,
    NotTranslatable,
    Scope,
    by_code_point,
    cast,
    function,
    identifier,
    in_parentheses,
    is_text_literal,
    name_of,
    string,
    vql_call,
)
from tests.denodo.trees import type_name, type_parameters

_FIELDS = {
    "YEAR": "getyear",
    "MONTH": "getmonth",
    "DAY": "getday",
    "HOUR": "gethour",
    "MINUTE": "getminute",
    "SECOND": "getsecond",
    "MILLISECOND": "getmillisecond",
    "QUARTER": "getquarter",
    "WEEK": "getweek",
    "DOW": "getdow",
    "DOY": "getdayofyear",
}
_ORDERINGS = (exp.LT, exp.LTE, exp.GT, exp.GTE)


class _Values:
    """The part of the translation that knows operators, conversions and special forms."""

    schemas: Mapping[str, str]
    i18n: str | None
    variables: Mapping[str, str]

    def query(self, node: Node, scope: Scope) -> tuple[Node, list[Column] | None]:
        raise NotImplementedError

    # ----------------------------------------------------------------- expressions

    def value(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        """An expression and its VDP type: None when not known, "null" for NULL."""
        if isinstance(node, (exp.Select, exp.SetOperation)):
            query, columns = self.query(node, scope)
            return exp.Subquery(this=query), columns[0][1] if columns else None
        method = getattr(self, f"on_{node.key}", None)
        if method is not None:
            return method(node, scope)
        return self._generic(node, scope), None

    def values(self, nodes: Iterable[Node], scope: Scope) -> tuple[list[Node], list[str | None]]:
        """Several expressions and their types."""
        pairs = [self.value(node, scope) for node in nodes]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def _generic(self, node: Node, scope: Scope) -> Node:
        """What VQL does not have, or PostgreSQL writes alike: the same node with its parts translated."""

        def part(value: object) -> object:
            if isinstance(value, list):
                return [part(item) for item in value]
            if isinstance(value, (exp.Select, exp.SetOperation)):
                return self.query(value, scope)[0]
            if isinstance(value, (exp.Identifier, exp.DataType)):
                return value.copy()
            return self.value(value, scope)[0] if isinstance(value, exp.Expression) else value

        return type(node)(**{name: part(value) for name, value in node.args.items()})

    # -- operands

    def on_literal(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        if node.is_string:
            return string(node.this), "text"
        text = node.this
        if any(mark in text for mark in ".eE") and not text.lower().startswith("0x"):
            return cast(exp.Literal.number(text), "double precision"), "double"
        number = int(text, 0) if text.lower().startswith("0x") else int(text)
        type_ = "int" if number < 2**31 else "long" if number < 2**63 else "decimal"
        return exp.Literal.number(text), type_

    def on_null(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        return exp.Null(), "null"

    def on_boolean(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        return exp.Boolean(this=node.this), "boolean"

    def on_column(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        if isinstance(node.this, exp.Star):
            return exp.Column(this=exp.Star(), table=identifier(name_of(node.args["table"]))), None
        name = name_of(node.this)
        table = name_of(node.args["table"]) if node.args.get("table") else None
        known, type_ = scope.column(name, table)
        if not known and table is None and name in scope.aliases:
            value, type_ = scope.aliases[name]
            return in_parentheses(value.copy()), type_
        parts: dict[str, Node] = {"this": identifier(name)}
        if table:
            parts["table"] = identifier(table)
        if node.args.get("db"):
            database = name_of(node.args["db"])
            parts["db"] = identifier(self.schemas.get(database, database))
        return exp.Column(**parts), type_

    def on_paren(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, type_ = self.value(node.this, scope)
        return exp.Paren(this=value), type_

    def on_subquery(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        query, columns = self.query(node.this, scope)
        type_ = columns[0][1] if columns and len(columns) == 1 else None
        return exp.Subquery(this=query), type_

    def on_interval(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        unit = node.args["unit"].name if node.args.get("unit") else ""
        type_ = "intervalyearmonth" if unit.startswith(("YEAR", "MONTH")) else "intervaldaysecond"
        words = unit.lower().replace("s ", " ").removesuffix("s")
        return cast(string(node.this.name), f"interval {words}".strip()), type_

    def on_case(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value = self.value(node.this, scope)[0] if node.this else None
        tests = [self.value(branch.this, scope)[0] for branch in node.args["ifs"]]
        given = [branch.args["true"] for branch in node.args["ifs"]]
        if node.args.get("default"):
            given.append(node.args["default"])
        results, type_ = self.alike(*self.values(given, scope))
        default = results.pop() if node.args.get("default") else None
        branches = [exp.If(this=test, true=result) for test, result in zip(tests, results, strict=True)]
        return exp.Case(this=value, ifs=branches, default=default), type_

    # -- conversions

    def on_cast(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        name = type_name(node)
        if form(node) == "literal":
            type_ = types.SQL_TYPES.get(name, "timestamptz")
            return cast(string(node.this.name), types.POSTGRESQL[type_]), type_
        value, own = self.value(node.this, scope)
        target = name.lower() if form(node) == "vdp" else types.SQL_TYPES.get(name)
        if target not in types.POSTGRESQL:
            if form(node) == "vdp":
                raise NotTranslatable(f"CAST : type « {name.lower()} » inconnu", node)
            return exp.Cast(this=value, to=node.args["to"].copy()), None
        length = next((n for n in type_parameters(node) if n.isdigit()), None) if target == "text" else None
        result = self.converted(value, own, target)
        if length is not None:
            result = cast(result, f"varchar({length})")
        return result, target

    def converted(self, value: Node, own: str | None, target: str) -> Node:
        """A value of one VDP type as another."""
        native = types.POSTGRESQL[target]
        if own == "null" or target not in types.CONVERSIONS:
            return cast(value, native)
        if own == target and not is_text_literal(value):
            return value
        widens = own in types.NUMBERS and target in types.NUMBERS
        if widens and types.NUMBERS.index(own) < types.NUMBERS.index(target) and own in ("int", "long"):
            return cast(value, native)
        if own == "text" and target == "text":
            return cast(value, "text")
        return vql_call(types.CONVERSIONS[target], value)

    def text(self, value: Node, own: str | None) -> Node:
        """A value as text, left alone when it is text or not known."""
        return value if own in ("text", "null", None) else vql_call("to_text", value)

    def alike(self, values: list[Node], found: list[str | None]) -> tuple[list[Node], str | None]:
        """Values of which one is the result, and its type: text when text stands beside other types."""
        type_ = types.joined(*found)
        if type_ is None and "text" in found and None not in found:
            return [self.text(value, own) for value, own in zip(values, found, strict=True)], "text"
        return values, type_

    # -- operators

    def on_arithmetic(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        left, a = self.value(node.this, scope)
        right, b = self.value(node.expression, scope)
        return self.combined(type(node), left, a, right, b)

    def combined(
        self, type_: type[Node], left: Node, a: str | None, right: Node, b: str | None
    ) -> tuple[Node, str | None]:
        """One of + - * / % between two values."""
        numbers = [own in types.NUMBERS for own in (a, b)]
        intervals = [own in types.INTERVALS for own in (a, b)]
        datetimes = [own in types.DATETIMES for own in (a, b)]
        if type_ is exp.Sub and not any(numbers) and not intervals[1]:
            # Days between two dates; PostgreSQL would give an interval for timestamps.
            result_type = "long" if any(datetimes) else a if intervals[0] else None
            return vql_call("subtract", left, right), result_type
        if type_ in (exp.Add, exp.Sub) and any(intervals) and any(datetimes):
            name = "add" if type_ is exp.Add else "subtract"
            return vql_call(name, left, right), next(own for own in (a, b) if own in types.DATETIMES)
        if type_ in (exp.Add, exp.Sub) and any(intervals) and None in (a, b):
            return vql_call("add" if type_ is exp.Add else "subtract", left, right), None
        if any(intervals):
            more = {"typed": True, "safe": False} if type_ is exp.Div else {}
            return type_(this=left, expression=right, **more), next(
                own for own in (a, b) if own in types.INTERVALS
            )
        result_type = types.joined(a, b)
        result_type = result_type if result_type in types.NUMBERS else None
        if result_type == "float":
            # PostgreSQL makes a double of a real and a whole number.
            left = left if a == "float" else cast(left, "real")
            right = right if b == "float" else cast(right, "real")
        if type_ is exp.Mod and (result_type not in ("int", "long", "decimal")):
            return vql_call("mod", left, right), result_type
        more = {"typed": True, "safe": False} if type_ is exp.Div else {}
        return type_(this=left, expression=right, **more), result_type

    on_add = on_sub = on_mul = on_div = on_mod = on_arithmetic

    def on_neg(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, type_ = self.value(node.this, scope)
        return exp.Neg(this=value), type_

    def on_operator(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        if node.args.get("unary") and node.args["operator"] == "+":
            return self.value(node.expression, scope)
        return self._generic(node, scope), None

    def on_dpipe(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        sides = []
        for side in (node.this, node.expression):
            value, own = self.value(side, scope)
            sides.append(value if own in ("text", "null") else vql_call("to_text", value))
        return exp.DPipe(this=sides[0], expression=sides[1]), "text"

    def on_comparison(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        left, a = self.value(node.this, scope)
        right, b = self.value(node.expression, scope)
        if isinstance(node, _ORDERINGS) and "text" in (a, b):
            texts = [own == "text" and not is_text_literal(value) for value, own in ((left, a), (right, b))]
            if any(texts) or (a == b == "text"):
                left = by_code_point(left)
        return type(node)(this=left, expression=right), "boolean"

    on_eq = on_neq = on_lt = on_lte = on_gt = on_gte = on_comparison

    def on_connector(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        sides = self.values((node.this, node.expression), scope)[0]
        return type(node)(this=sides[0], expression=sides[1]), "boolean"

    on_and = on_or = on_connector

    def on_not(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        result = exp.Not(this=value)
        outside = node.parent
        tight = isinstance(outside, exp.Binary) and not isinstance(outside, (exp.And, exp.Or))
        return (exp.Paren(this=result) if tight or isinstance(outside, exp.Is) else result), "boolean"

    def on_is(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        return exp.Is(this=value, expression=node.expression.copy()), "boolean"

    def on_between(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        values, found = self.values((node.this, node.args["low"], node.args["high"]), scope)
        if found[0] == "text" and not is_text_literal(values[0]):
            values[0] = by_code_point(values[0])
        return exp.Between(
            this=values[0], low=values[1], high=values[2], symmetric=node.args.get("symmetric")
        ), "boolean"

    def on_in(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        query = node.args.get("query")
        if query is not None:
            inner = self.query(query.this, scope)[0]
            return exp.In(this=value, query=exp.Subquery(this=inner)), "boolean"
        return exp.In(this=value, expressions=self.values(node.expressions, scope)[0]), "boolean"

    def on_exists(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        return exp.Exists(this=self.query(node.this, scope)[0]), "boolean"

    def on_quantified(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        inner, type_ = self.value(node.this, scope)
        return type(node)(this=inner), type_

    on_any = on_all = on_quantified

    def on_like(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        return self._matched(node, string("$"), scope)

    on_ilike = on_like

    def on_escape(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        if isinstance(node.this, (exp.Like, exp.ILike)):
            return self._matched(node.this, self.value(node.expression, scope)[0], scope)
        return self._generic(node, scope), "boolean"

    def _matched(self, node: Node, escape: Node, scope: Scope) -> tuple[Node, str | None]:
        left, own = self.value(node.this, scope)
        pattern, _ = self.value(node.expression, scope)
        if is_text_literal(pattern) and is_text_literal(escape) and len(escape.name) == 1:
            pattern = string(_like_pattern(pattern.name, escape.name))
        return exp.Escape(
            this=type(node)(this=self.text(left, own), expression=pattern), expression=escape
        ), "boolean"

    def on_regexplike(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        values, found = self.values((node.this, node.expression), scope)
        name = "regexp_like" if isinstance(node, exp.RegexpLike) else "regexp_ilike"
        return vql_call(name, self.text(values[0], found[0]), values[1]), "boolean"

    on_regexpilike = on_regexplike

    # -- functions with words inside

    def on_trim(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, own = self.value(node.this, scope)
        characters = string(" ")
        if node.expression is not None and node.args.get("expression"):
            given, type_ = self.value(node.expression, scope)
            # Only the first character counts.
            characters = (
                string(given.name[:1])
                if is_text_literal(given)
                else function("left", self.text(given, type_), exp.Literal.number("1"))
            )
        side = node.args.get("position") or "BOTH"
        name = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}[side]
        return function(name, self.text(value, own), characters), "text"

    def on_substring(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, own = self.value(node.this, scope)
        start = (
            self.value(node.args["start"], scope)[0] if node.args.get("start") else exp.Literal.number("1")
        )
        length = [self.value(node.args["length"], scope)[0]] if node.args.get("length") else []
        return vql_call("substr", self.text(value, own), start, *length), "text"

    def on_strposition(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        values, found = self.values((node.args["substr"], node.this), scope)
        texts = [self.text(value, own) for value, own in zip(values, found, strict=True)]
        return vql_call("position", *texts), "int"

    def on_extract(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.expression, scope)
        field_ = node.this.name.upper()
        if field_ in _FIELDS:
            return vql_call(_FIELDS[field_], value), "long"
        return exp.Extract(this=exp.Var(this=field_), expression=value), None

    # -- compound values

    def on_bracket(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        if isinstance(node.this, Call) and form(node.this) == "brackets":
            return exp.Bracket(this=value, expressions=[self.value(node.expressions[0], scope)[0]]), None
        index = self.value(node.expressions[0], scope)[0]
        return exp.Paren(this=exp.Operator(this=self._json(value), operator="->", expression=index)), "array"

    def on_dot(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        if isinstance(node.expression, exp.Star):
            return exp.Dot(this=value, expression=exp.Star()), None
        inside = isinstance(node.parent, (exp.Dot, exp.Bracket))
        word = "->" if inside else "->>"
        key = string(name_of(node.expression))
        result = exp.Paren(this=exp.Operator(this=self._json(value), operator=word, expression=key))
        return result, "register" if inside else "text"

    @staticmethod
    def _json(value: Node) -> Node:
        while isinstance(value, exp.Paren) and isinstance(value.this, exp.Column):
            value = value.this
        return value


def _like_pattern(pattern: str, escape: str) -> str:
    """A LIKE pattern in which the escape character stands only before a wildcard or itself.

    VQL gives it a meaning nowhere else; PostgreSQL would take it away from before any character.
    """
    result, position_ = "", 0
    while position_ < len(pattern):
        character = pattern[position_]
        following = pattern[position_ + 1 : position_ + 2]
        if character == escape and following in ("%", "_", escape) and following:
            result += character + following
            position_ += 2
            continue
        result += character * 2 if character == escape else character
        position_ += 1
    return result
