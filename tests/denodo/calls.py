"""Functions of VQL in PostgreSQL (see tests.denodo.postgresql)."""

from __future__ import annotations

from sqlglot import exp

from denodo.catalogue import FUNCTIONS, NOT_EXECUTED
from denodo.tree import Call, form
from tests.denodo import types
from tests.denodo.scopes import (
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
    operand,
    string,
    vql_call,
)
from tests.denodo.values import _Values

_TEXT_ARGUMENTS = {
    "ASCII": (0,),
    "CONCAT": range(99),
    "HASH": (0,),
    "INSTR": (0, 1),
    "LEN": (0,),
    "LOWER": (0,),
    "LTRIM": (0,),
    "REGEXP": (0, 1, 2),
    "REMOVEACCENTS": (0,),
    "REPEAT": (0,),
    "REPLACE": (0, 1, 2),
    "REPLACEMAP": (0,),
    "RTRIM": (0,),
    "SIMILARITY": (0, 1),
    "SPLIT": (1,),
    "SUBSTR": (0,),
    "SUBSTRING": (0,),
    "TRIM": (0,),
    "UPPER": (0,),
}
# Functions whose result depends on the i18n, and the number of arguments after which it may be given.
_I18N = {
    "FIRSTDAYOFWEEK": 1,
    "FORMATDATE": 2,
    "GETDAYOFWEEK": 1,
    "LASTDAYOFWEEK": 1,
    "TO_DATE": 2,
    "TO_LOCALDATE": 2,
    "TO_TIME": 2,
    "TO_TIMESTAMP": 2,
    "TO_TIMESTAMPTZ": 2,
    "TRUNC": 2,
}
_WINDOW_ONLY = frozenset(
    """
    CUME_DIST DENSE_RANK FIRST_VALUE LAG LAST_VALUE LEAD NTILE PERCENT_RANK RANK ROW_NUMBER PERCENTILE_CONT
    PERCENTILE_DISC PERCENTILE_DIST
    """.split()  # noqa: SIM905
)
# The manual writes the second name both ways.
_PERCENTILES = ("PERCENTILE_CONT", "PERCENTILE_DISC", "PERCENTILE_DIST")


class _Calls(_Values):
    """The part of the translation that knows functions."""

    # -- windows

    def over(self, node: Node, scope: Scope) -> dict[str, object]:
        """What stands between the parentheses of an OVER."""
        parts: dict[str, object] = {}
        if node.args.get("alias"):
            parts["alias"] = identifier(name_of(node.args["alias"]))
        if node.args.get("partition_by"):
            parts["partition_by"] = self.values(node.args["partition_by"], scope)[0]
        if node.args.get("order"):
            parts["order"] = self.order(node.args["order"], scope)
        if node.args.get("spec"):
            parts["spec"] = self._generic(node.args["spec"], scope)
        return parts

    def order(self, node: Node, scope: Scope) -> Node:
        """The ORDER BY of a window or an aggregate."""
        items = []
        for item in node.expressions:
            value, type_ = self.value(item.this, scope)
            desc = bool(item.args.get("desc"))
            first = item.args["nulls"] == "FIRST" if item.args.get("nulls") else desc
            value = by_code_point(value) if type_ == "text" else value
            items.append(exp.Ordered(this=value, desc=desc or None, nulls_first=first))
        return exp.Order(expressions=items)

    def on_window(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        inner = node.this
        parts = self.over(node, scope)
        if isinstance(inner, exp.WithinGroup):
            call = inner.this
            if isinstance(call, Call) and call.name in _PERCENTILES:
                return self.percentile(call, inner.expression, parts, scope)
            if not (isinstance(call, Call) and call.name == "LISTAGG"):
                raise NotTranslatable(f"{call.name} avec OVER n'a pas d'équivalent ici", node)
            values, found = self.values(call.expressions, scope)
            arguments = [self.text(value, own) for value, own in zip(values, found, strict=True)]
            spec = exp.WindowSpec(
                kind="ROWS", start="UNBOUNDED", start_side="PRECEDING", end="UNBOUNDED", end_side="FOLLOWING"
            )
            parts |= {"order": self.order(inner.expression, scope), "spec": spec}
            return exp.Window(this=function("string_agg", *arguments), over="OVER", **parts), "text"
        value, type_ = self.value(inner, scope)
        return exp.Window(this=value, over="OVER", **parts), type_

    def percentile(
        self, call: Node, order: Node, parts: dict[str, object], scope: Scope
    ) -> tuple[Node, str | None]:
        """PERCENTILE_CONT or _DISC over a partition, which PostgreSQL has only as plain aggregates."""
        item = order.expressions[0]
        value, type_ = self.value(item.this, scope)
        continuous = call.name == "PERCENTILE_CONT"
        if continuous and type_ != "double":
            value, type_ = cast(value, "double precision"), "double"
        collected = exp.Window(this=function("array_agg", value), over="OVER", **parts)
        fraction = self.value(call.expressions[0], scope)[0]
        name = "percentile_cont_of" if continuous else "percentile_disc_of"
        return vql_call(name, fraction, collected, exp.Boolean(this=bool(item.args.get("desc")))), type_

    def on_withingroup(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        call = node.this
        order = self.order(node.expression, scope)
        if isinstance(call, Call) and call.name == "LISTAGG":
            values, found = self.values(call.expressions, scope)
            values = [self.text(value, own) for value, own in zip(values, found, strict=True)]
            order.set("this", values[-1])
            return function("string_agg", *values[:-1], order), "text"
        value, _ = self.value(call, scope)
        return exp.WithinGroup(this=value, expression=order), None

    def on_filter(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        value, type_ = self.value(node.this, scope)
        where = exp.Where(this=self.value(node.expression.this, scope)[0])
        return exp.Filter(this=value, expression=where), type_

    # -- calls

    def on_anonymous(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        kind = form(node)
        if kind == "infix":
            return self._infix(node, scope)
        if kind == "bare" or (not node.expressions and node.name in ("CURRENT_DATE", "CURRENT_TIMESTAMP")):
            type_ = {"CURRENT_DATE": "localdate", "CURRENT_TIMESTAMP": "timestamptz"}.get(node.name)
            return exp.Var(this=node.name), type_
        special = getattr(self, f"_call_{node.name.lower()}", None) if not kind else None
        if special is not None:
            found = special(node, scope)
            if found is not None:
                return found
        values, found_types = self.values(node.expressions, scope)
        if node.name == "MOD" and "null" in found_types and types.joined(*found_types) in types.NUMBERS:
            native = types.POSTGRESQL[types.joined(*found_types)]  # type: ignore[index]
            values = [cast(value, native) for value in values]
        if kind == "row":
            return vql_call("register", *values), "register"
        if kind == "array":
            return function("jsonb_build_array", *values), "array"
        if kind in ("brackets", "list"):
            return exp.Array(expressions=values), None
        if node.name in _TEXT_ARGUMENTS:
            values = [
                self.text(value, own) if number in _TEXT_ARGUMENTS[node.name] else value
                for number, (value, own) in enumerate(zip(values, found_types, strict=True))
            ]
        if self.i18n and len(values) == _I18N.get(node.name) and found_types[0] != "time":
            values.append(string(self.i18n))
        if node.args.get("quantifier") == "DISTINCT":
            values = [exp.Distinct(expressions=values)]
        name = node.name.lower()
        entries = FUNCTIONS.get(node.name, ())
        if entries and all(entry.status == NOT_EXECUTED for entry in entries):
            raise NotTranslatable(f"{node.name} est du VQL documenté, mais ce moteur ne l'exécute pas", node)
        if node.args.get("database"):
            schema = name_of(node.args["database"])
            return function(f"{self.schemas.get(schema, schema)}.{name}", *values), None
        if node.name in _WINDOW_ONLY:
            return function(name, *values), found_types[0] if found_types else "long"
        return vql_call(name, *values), _result_type(node.name, found_types)

    def _call_nest(self, node: Node, scope: Scope) -> tuple[Node, str | None] | None:
        if not (node.expressions and isinstance(node.expressions[0], exp.Star)):
            return None
        if not scope.complete:
            raise NotTranslatable("NEST(*) : les champs de la vue ne sont pas connus ici", node)
        columns = [column for relation in scope.relations for column in relation.columns or []]
        return vql_call("nest", *[exp.Column(this=identifier(name)) for name, _ in columns]), "array"

    def _call_getvar(self, node: Node, scope: Scope) -> tuple[Node, str | None] | None:
        name = node.expressions[0] if node.expressions else None
        kind = node.expressions[1].name.lower() if len(node.expressions) == 3 else ""
        if name is None or name.name.lower() not in self.variables or kind not in types.POSTGRESQL:
            return None
        return self.converted(string(self.variables[name.name.lower()]), "text", kind), kind

    def _infix(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        if node.name == "CONTAINS":
            raise NotTranslatable("CONTAINS ne s'exécute que dans un index externe", node)
        listed = [
            value if own in ("text", "null") else vql_call("to_text", value)
            for value, own in zip(values[1:], found[1:], strict=True)
        ]
        name = "similar" if node.name == "~" else node.name.lower()
        return vql_call(name, self.text(values[0], found[0]), exp.Array(expressions=listed)), "boolean"

    def _call_count(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        if node.expressions and isinstance(node.expressions[0], exp.Star):
            return function("count", exp.Star()), "long"
        values, _ = self.values(node.expressions, scope)
        if len(values) > 1:
            values = [exp.Tuple(expressions=values)]
        return function("count", *self._quantified_arguments(node, values)), "long"

    @staticmethod
    def _quantified_arguments(node: Node, values: list[Node]) -> list[Node]:
        return [exp.Distinct(expressions=values)] if node.args.get("quantifier") == "DISTINCT" else values

    def _extreme(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        name = node.name.lower()
        if len(values) == 1:
            value = by_code_point(values[0]) if found[0] == "text" else values[0]
            return function(name, *self._quantified_arguments(node, [value])), found[0]
        return vql_call(f"{name}_of", *values), types.joined(*found)

    _call_max = _call_min = _extreme

    def _call_sum(self, node: Node, scope: Scope) -> tuple[Node, str | None] | None:
        return None if len(node.expressions) == 1 else self._folded(node, exp.Add, scope)

    def _call_mult(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        return self._folded(node, exp.Mul, scope)

    def _call_div(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        return self._folded(node, exp.Div, scope)

    def _call_subtract(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        return self._folded(node, exp.Sub, scope)

    def _folded(self, node: Node, type_: type[Node], scope: Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        if not values:
            raise NotTranslatable(f"{node.name} sans paramètre", node)
        result, own = values[0], found[0]
        for value, other in zip(values[1:], found[1:], strict=True):
            result, own = self.combined(type_, operand(result), own, operand(value), other)
        return in_parentheses(result), own

    def _call_coalesce(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        values, type_ = self.alike(*self.values(node.expressions, scope))
        return function("coalesce", *values), type_

    def _call_nullif(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        if len(values) != 2:
            raise NotTranslatable("NULLIF prend deux paramètres", node)
        first, second = values
        a, b = found
        if a in types.NUMBERS and b == "text":
            return function("nullif", first, self.converted(second, "text", a)), a
        if a == "text" and b in types.NUMBERS:
            test = exp.EQ(this=self.converted(first, "text", b), expression=second)
            branch = exp.If(this=test, true=exp.Null())
            result = first.copy() if not is_text_literal(first) else cast(first.copy(), "text")
            return exp.Case(ifs=[branch], default=result), a
        if a == "text" and b == "text" and is_text_literal(first):
            first = cast(first, "text")
        if a in types.DATETIMES and b in types.DATETIMES and a != b:
            # The result is the first value, whatever type the comparison wanted.
            test = exp.EQ(this=first, expression=second)
            return exp.Case(ifs=[exp.If(this=test, true=exp.Null())], default=first.copy()), a
        if a in types.NUMBERS and b in types.NUMBERS and a != b:
            test = exp.EQ(this=first, expression=second)
            return exp.Case(ifs=[exp.If(this=test, true=exp.Null())], default=first.copy()), a
        return function("nullif", first, second), a

    def _call_rownum(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        number: Node = exp.Window(this=function("row_number"), over="OVER")
        if node.expressions:
            number = exp.Paren(
                this=exp.Add(this=number, expression=self.value(node.expressions[0], scope)[0])
            )
        return number, "long"

    def _call_group_concat(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        arguments = list(node.expressions)
        ignore_nulls = True
        rows, fields = string(","), string(" ")
        if len(arguments) > 3 and isinstance(arguments[0], exp.Boolean):
            ignore_nulls = bool(arguments.pop(0).this)
            rows = self.value(arguments.pop(0), scope)[0]
            fields = self.value(arguments.pop(0), scope)[0]
        elif len(arguments) > 1 and (is_text_literal(arguments[0]) or isinstance(arguments[0], Call)):
            # A separator is a literal, or made of one (CHAR(10)); the name of a field is a field.
            rows = self.value(arguments.pop(0), scope)[0]
            if len(arguments) > 1 and is_text_literal(arguments[0]):
                fields = self.value(arguments.pop(0), scope)[0]
        values, found = self.values(arguments, scope)
        # A NULL field makes the whole row NULL, which string_agg leaves out.
        texts = [
            value if own == "text" else vql_call("to_text", value)
            for value, own in zip(values, found, strict=True)
        ]
        if not ignore_nulls:
            texts = [function("coalesce", text, string("")) for text in texts]
        row = texts[0]
        for text in texts[1:]:
            row = exp.DPipe(this=exp.DPipe(this=row, expression=fields.copy()), expression=text)
        if node.args.get("quantifier") == "DISTINCT":
            row = exp.Distinct(expressions=[row])
        return function("string_agg", row, rows), "text"

    def _call_listagg(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        texts = [self.text(value, own) for value, own in zip(values, found, strict=True)]
        return function("string_agg", *texts), "text"

    def _call_is_projected_field(self, node: Node, scope: Scope) -> tuple[Node, str | None]:
        wanted = node.expressions[0]
        select = node.find_ancestor(exp.Select)
        if isinstance(wanted, exp.Null):
            return exp.Boolean(this=False), "boolean"
        if select is None or not is_text_literal(wanted):
            raise NotTranslatable("IS_PROJECTED_FIELD prend un nom entre apostrophes", node)
        names = {
            name_of(column.this)
            for item in select.expressions
            for column in item.find_all(exp.Column)
            if not isinstance(column.this, exp.Star)
        }
        star = any(isinstance(item, exp.Star) for item in select.expressions)
        return exp.Boolean(this=star or wanted.name in names), "boolean"


def _result_type(name: str, arguments: list[str | None]) -> str | None:
    """The type of a function's result: as documented, or that of its arguments."""
    first = arguments[0] if arguments else None
    if name in ("ROUND", "CEIL", "FLOOR", "TRUNC"):
        if first in types.DATETIMES:
            return first
        if name == "ROUND" and len(arguments) > 1:
            return first if first in types.NUMBERS else None
        if first not in types.NUMBERS:
            return None
        return "int" if first == "int" and name != "TRUNC" else "long"
    if name == "MOD":
        return types.joined(*arguments) if all(own in types.NUMBERS for own in arguments) else None
    if name in ("STDEV", "STDEVP", "VAR", "VARP"):
        return "double"
    if name in ("FIRST", "LAST", "MEDIAN", "SUM", "ABS"):
        return first if first != "null" else None
    for entry in FUNCTIONS.get(name, ()):
        result = entry.result
        if result == "numeric":
            return types.joined(*arguments) if arguments else None
        if result in ("element", "datetime"):
            return next((type_ for type_ in arguments if type_ in types.DATETIMES), None)
        return result
    return None
