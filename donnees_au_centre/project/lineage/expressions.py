"""What an expression is made from, and what it does to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from sqlglot import exp

from donnees_au_centre.project.lineage import protection
from donnees_au_centre.project.lineage.graph import (
    AGGREGATED,
    COPY,
    EMPTY,
    PSEUDONYMISED,
    SUPPRESSED,
    Flow,
    Guard,
    together,
)
from donnees_au_centre.project.lineage.scopes import Columns, Scope, Unreadable, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable

CONDITIONS = (exp.Predicate, exp.Connector, exp.Not, exp.Case, exp.If)
CONVERSIONS = (exp.Cast, exp.Trim, exp.Lower, exp.Upper)


class Expressions:
    """Reads expressions; `QueryReader` reads the queries in them.

    Args:
        seal: what the protections of macros bear.
    """

    def __init__(self, seal: str | None) -> None:
        """Remembers the seal."""
        self.seal = seal

    def columns_of(
        self, query: exp.Expr, outer: Scope | None, ctes: Mapping[str, Columns]
    ) -> dict[str, Flow]:
        """What each column of a query is made from."""
        raise NotImplementedError

    def value(self, node: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> Flow:
        """What an expression is made from.

        Raises:
            Unreadable: it names a column that is not known.
        """
        if isinstance(node, exp.Column):
            return self._column(node, scope)
        if isinstance(node, exp.Literal | exp.DataType | exp.Var | exp.Identifier | exp.Star):
            return EMPTY
        if isinstance(node, exp.Paren):
            return self.value(node.this, scope, ctes)
        if isinstance(node, exp.Subquery | exp.Query):
            return together(self.columns_of(node, scope, ctes).values())
        if isinstance(node, exp.Exists):
            return self._exists_as_value(node, scope, ctes)
        if isinstance(node, exp.Is) and isinstance(node.expression, exp.Null):
            if protection.only_presence(node.this):
                return EMPTY
            return self.value(node.this, scope, ctes).through("condition")
        if isinstance(node, exp.Window):
            return self._window(node, scope, ctes)
        if isinstance(node, exp.Filter):
            return self._filtered(node, scope, ctes)
        if isinstance(node, exp.Parameter | exp.Placeholder):
            text = node.sql("postgres")
            raise Unreadable(f"« {text} » n'est pas une valeur que le lignage sait lire (abs(…) pour @ …)")
        return self._call(node, scope, ctes)

    def _column(self, node: exp.Column, scope: Scope) -> Flow:
        table, column = name_of(node.args.get("table")), name_of(node.this)
        found: Flow | None
        if isinstance(node.this, exp.Star):
            found = scope.sources[table].whole() if table in scope.sources else EMPTY
        else:
            found = scope.find(table, column)
        if found is None:
            label = f"{table}.{column}" if table else column
            raise Unreadable(f"la colonne « {label} » n'existe dans aucune relation de la requête")
        return found

    def _call(self, node: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> Flow:
        """A function, an operator: whatever is no column and no query."""
        if sealed := protection.sealed(node, self.seal):
            flow = self._parts(node, scope, ctes)
            return flow if protection.never(node) else self._sealed(sealed, flow)
        hashed = protection.keyed_hash(node)
        if hashed is not None:
            return self.value(hashed, scope, ctes).guarded(Guard(PSEUDONYMISED))
        if protection.READS_ELSEWHERE.fullmatch(protection.function_name(node)):
            raise Unreadable(
                f"« {protection.function_name(node)} » lit des données que la requête ne nomme pas"
            )
        flow = self._parts(node, scope, ctes)
        if isinstance(node, protection.PROTECTING):
            return self._aggregated(flow, scope)
        return flow.through(self._operation(node))

    def _aggregated(self, flow: Flow, scope: Scope) -> Flow:
        """What an aggregate gives; one over the values of a single row is that row's."""
        own = Flow(frozenset(o for o in flow.origins if o.column in scope.row_values))
        others = Flow(flow.origins - own.origins, flow.marks)
        guard = Guard(AGGREGATED, self._keys(scope))
        return together([own.through("expression"), others.guarded(guard)])

    def _filtered(self, node: exp.Filter, scope: Scope, ctes: Mapping[str, Columns]) -> Flow:
        """`count(*) filter (where nom > 'M')` is `count(case when nom > 'M' then 1 end)`."""
        condition = self.value(node.expression.this, scope, ctes).through("condition")
        if isinstance(node.this, protection.PROTECTING):
            condition = self._aggregated(condition, scope)
        return together([self.value(node.this, scope, ctes), condition])

    def _parts(self, node: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> Flow:
        return together(self.value(part, scope, ctes) for part in node.iter_expressions())

    @staticmethod
    def _sealed(name: str, flow: Flow) -> Flow:
        """A macro protects what it changes: a sealed value that is still the value itself has no guard."""
        if name == PSEUDONYMISED:
            # Only the keyed hash counts, wherever it comes from.
            return flow
        if name == SUPPRESSED:
            return flow.guarded(Guard(name))
        changed = Flow(
            frozenset(origin for origin in flow.origins if origin.operation not in (COPY, "conversion")),
            flow.marks,
        )
        same = Flow(flow.origins - changed.origins, frozenset())
        return together([changed.guarded(Guard(name)), same])

    @staticmethod
    def _keys(scope: Scope) -> frozenset:
        return frozenset(
            (origin.column, frozenset(guard.name for guard in origin.guards))
            for flow in scope.keys
            for origin in flow.origins
        )

    def _operation(self, node: exp.Expr) -> str:
        name = protection.function_name(node)
        if isinstance(node, exp.Concat | exp.ConcatWs | exp.DPipe):
            return "concaténation"
        if protection.DIGESTS.fullmatch(name.replace("_", "")):
            return "hachage"
        if isinstance(node, protection.EXTREME):
            return "minimum ou maximum"
        if isinstance(node, protection.LISTING) or protection.LISTING_NAMES.fullmatch(name):
            return "liste de valeurs"
        if isinstance(node, CONDITIONS):
            return "condition"
        if isinstance(node, CONVERSIONS):
            return "conversion"
        return "expression"

    def _window(self, node: exp.Window, scope: Scope, ctes: Mapping[str, Columns]) -> Flow:
        """A window function: its arguments; for a rank, also the order, of which it is another writing.

        A sum over a window stands on a person's own row, and two neighbours give a value by difference: no
        aggregate there protects.
        """
        inner = node.this
        conditions = []
        while isinstance(inner, exp.Filter | exp.IgnoreNulls | exp.RespectNulls):
            if isinstance(inner, exp.Filter):
                conditions.append(self.value(inner.expression.this, scope, ctes).through("condition"))
            inner = inner.this
        flow = together([self._parts(inner, scope, ctes), *conditions]).through("fenêtre")
        if not protection.ranks(inner):
            return flow
        named = scope.windows.get(name_of(node.args.get("alias")))
        order: Iterable[exp.Expr] = [
            part
            for window in (node, named)
            if window is not None and window.args.get("order")
            for part in window.args["order"].expressions
        ]
        return together([flow, *(self.value(part.this, scope, ctes).through("rang") for part in order)])

    def _exists_as_value(self, node: exp.Exists, scope: Scope, ctes: Mapping[str, Columns]) -> Flow:
        """`exists (…)` in a SELECT list answers its own condition."""
        query = node.this.unnest()
        where = query.args.get("where")
        asked = query.copy()
        conditions = [where.this] if where is not None else []
        conditions += [join.args["on"] for join in query.args.get("joins") or () if join.args.get("on")]
        if isinstance(query, exp.Select) and conditions:
            asked.set("expressions", [condition.copy() for condition in conditions])
            asked.set("where", None)
            asked.set("group", None)
        return together(self.columns_of(asked, scope, ctes).values()).through("condition")
