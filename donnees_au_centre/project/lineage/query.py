"""What each column of a query is made from: `select *`, joins, CTEs, subqueries, set operations, lateral."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from sqlglot import exp

from donnees_au_centre.project.lineage.expressions import Expressions
from donnees_au_centre.project.lineage.graph import EMPTY, Flow, Guard, together
from donnees_au_centre.project.lineage.protection import of_seal
from donnees_au_centre.project.lineage.scopes import (
    Columns,
    FindRelation,
    Scope,
    Source,
    Unreadable,
    name_of,
    put,
)

# A recursive CTE is read again until nothing is added to its columns.
MOST_ROUNDS = 20
JOIN_KEY = "clé de jointure"
EQUAL = (exp.EQ, exp.NullSafeEQ, exp.NEQ, exp.NullSafeNEQ, exp.Like, exp.ILike)


class QueryReader(Expressions):
    """Reads one query.

    Args:
        find_relation: the columns of a relation of the project.
        seal: what the protections of macros bear, see `donnees_au_centre.project.lineage.protection`.
    """

    def __init__(self, find_relation: FindRelation, seal: str | None = None) -> None:
        """Remembers where relations are found."""
        super().__init__(seal)
        self._find_relation = find_relation

    def read(self, query: exp.Expr) -> dict[str, Flow]:
        """What each column of a whole statement is made from, in the order of its columns.

        Raises:
            Unreadable: it names a relation or a column that is not known, or is no query.
        """
        return self.columns_of(query, None, {})

    def columns_of(
        self, query: exp.Expr, outer: Scope | None, ctes: Mapping[str, Columns]
    ) -> dict[str, Flow]:
        """What each column of a query is made from."""
        ctes = self._with_ctes(query, outer, ctes)
        if isinstance(query, exp.Subquery):
            return self._renamed(self.columns_of(query.this, outer, ctes), query, None)
        if isinstance(query, exp.SetOperation):
            return self._set_operation(query, outer, ctes)
        if isinstance(query, exp.Select):
            return self._select(query, outer, ctes)
        if isinstance(query, exp.Values):
            return self._values(query, Scope(outer), ctes).columns
        if isinstance(query, exp.Table):
            return dict(self._table(query, Scope(outer), ctes).columns)
        raise Unreadable(f"« {query.sql('postgres')[:80]} » n'est pas une requête que le lignage sait lire")

    def _with_ctes(
        self, query: exp.Expr, outer: Scope | None, ctes: Mapping[str, Columns]
    ) -> Mapping[str, Columns]:
        clause = query.args.get("with_")
        if clause is None:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
            name = name_of(cte.args["alias"].this)
            if clause.args.get("recursive") and isinstance(cte.this, exp.SetOperation):
                known[name] = self._recursive(name, cte, outer, known)
            else:
                known[name] = self._renamed(self.columns_of(cte.this, outer, known), cte, name)
        return known

    def _recursive(
        self, name: str, cte: exp.CTE, outer: Scope | None, ctes: Mapping[str, Columns]
    ) -> dict[str, Flow]:
        columns = self._renamed(self.columns_of(cte.this.this, outer, ctes), cte, name)
        for _ in range(MOST_ROUNDS):
            wider = self._renamed(self.columns_of(cte.this, outer, {**ctes, name: columns}), cte, name)
            if wider == columns:
                return columns
            columns = wider
        raise Unreadable(f"la CTE récursive « {name} » ne se stabilise pas")

    def _set_operation(
        self, query: exp.SetOperation, outer: Scope | None, ctes: Mapping[str, Columns]
    ) -> dict[str, Flow]:
        left = self.columns_of(query.this, outer, ctes)
        right = list(self.columns_of(query.expression, outer, ctes).values())
        if len(left) != len(right):
            raise Unreadable("les deux côtés d'une union n'ont pas le même nombre de colonnes")
        if isinstance(query, exp.Except):
            return left
        return {name: together([flow, right[place]]) for place, (name, flow) in enumerate(left.items())}

    def _select(self, query: exp.Select, outer: Scope | None, ctes: Mapping[str, Columns]) -> dict[str, Flow]:
        before = len(outer.lent) if outer is not None else 0
        scope = self._from(query, outer, ctes)
        scope.windows = {
            name_of(window.this): window for window in query.args.get("windows") or () if window.this
        }
        where = query.args.get("where")
        condition = where.this if where else None
        if condition is not None:
            scope.conditions.append((condition, None))
        if outer is not None:
            scope.row_values = frozenset(o.column for flow in outer.lent[before:] for o in flow.origins)
        self._settle(scope, ctes)
        keys = [*self._group_keys(query, scope, ctes), *self._one_value(condition, scope, ctes)]
        around = EMPTY
        if outer is not None and condition is not None:
            self.value(condition, scope, ctes)
            around = self._decided_around(condition, scope, ctes)
        if outer is not None:
            # An aggregate of a subquery that looks at a row of the query around it is of that row.
            keys += outer.lent[before:]
        scope.keys = tuple(keys)
        columns: dict[str, Flow] = {}
        for item in query.expressions:
            for name, flow in self._item(item, scope, ctes):
                put(columns, name, together([flow, around]))
        return columns

    def _item(self, item: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> Iterator[tuple[str, Flow]]:
        """The columns that one item of a SELECT list gives."""
        if isinstance(item, exp.Star):
            yield from scope.star().items()
            return
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            yield from self._source_named(name_of(item.args.get("table")), scope).columns.items()
            return
        if isinstance(item, exp.Dot) and isinstance(item.expression, exp.Star):
            row = item.this.unnest()
            if isinstance(row, exp.Column) and name_of(row.this) in scope.sources:
                yield from scope.sources[name_of(row.this)].columns.items()
                return
            raise Unreadable(f"« {item.sql('postgres')} » : les colonnes de cette ligne ne sont pas connues")
        yield self._output_name(item), self.value(item.unalias(), scope, ctes)

    def _source_named(self, table: str, scope: Scope) -> Source:
        around: Scope | None = scope
        while around is not None:
            if table in around.sources:
                return around.sources[table]
            around = around.outer
        raise Unreadable(f"« {table}.* » ne désigne aucune relation de la requête")

    def _output_name(self, item: exp.Expr) -> str:
        if isinstance(item, exp.Alias):
            return name_of(item.args["alias"])
        if isinstance(item, exp.Column):
            return name_of(item.this)
        if isinstance(item, exp.Cast | exp.Paren):
            return self._output_name(item.this)
        if isinstance(item, exp.Dot):
            return name_of(item.expression)
        if isinstance(item, exp.Subquery) and isinstance(item.this, exp.Select):
            return self._output_name(item.this.expressions[0])
        return item.sql_name().lower() if isinstance(item, exp.Func) else "?column?"

    # FROM and JOIN

    def _from(self, query: exp.Expr, outer: Scope | None, ctes: Mapping[str, Columns]) -> Scope:
        scope = Scope(outer)
        clause = query.args.get("from_")
        if clause is not None:
            self._add_source(clause.this, scope, ctes)
        for lateral in query.args.get("laterals") or ():
            self._add_source(lateral, scope, ctes)
            self._filter_by(lateral, scope, ctes)
        for join in query.args.get("joins") or ():
            self._join(join, scope, ctes)
        return scope

    def _join(self, join: exp.Join, scope: Scope, ctes: Mapping[str, Columns]) -> None:
        before = {name for source in scope.sources.values() for name in source.columns}
        known = set(scope.sources)
        self._add_source(join.this, scope, ctes)
        new = [source for alias, source in scope.sources.items() if alias not in known]
        side = str(join.args.get("side") or "").upper()
        using = [name_of(name) for name in join.args.get("using") or ()]
        if str(join.args.get("method") or "").upper() == "NATURAL":
            using = [name for source in new for name in source.columns if name in before]
        only = self._null_side(side, known, scope)
        for name in using:
            holders = {alias: source for alias, source in scope.sources.items() if name in source.columns}
            scope.merged[name] = together(
                [scope.merged.get(name, EMPTY), *(source.columns[name] for source in holders.values())]
            )
            for alias in holders.keys() & only:
                column = exp.column(
                    exp.to_identifier(name, quoted=True), exp.to_identifier(alias, quoted=True)
                )
                scope.add(column, scope.merged[name].through(JOIN_KEY))
        condition = join.args.get("on")
        if condition is not None:
            scope.conditions.append((condition, frozenset(only)))
            self._equalities(condition, scope, ctes, only)
        if side == "LEFT":
            self._decided_before(condition, known, scope, ctes)
        elif side != "FULL":
            self._filter_by(join.this, scope, ctes)

    def _filter_by(self, node: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> None:
        """A lateral subquery in an inner join keeps the rows for which it has one."""
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery | exp.Query):
            query = node.this.unnest()
            if not any(item.find(exp.AggFunc) for item in query.expressions):
                self._link(query, scope, ctes)

    def _decided_before(
        self, condition: exp.Expr | None, known: set[str], scope: Scope, ctes: Mapping[str, Columns]
    ) -> None:
        """`left join t on a.x > 1`: whether t's columns are filled answers a condition on a alone."""
        for part in self._conjuncts(condition):
            columns = list(self._columns_in(part))
            if not columns or not all(self._owner(column, scope) <= known for column in columns):
                continue
            flow = self.value(part, scope, ctes).through("condition")
            if flow.origins:
                for source in (scope.sources[alias] for alias in scope.sources.keys() - known):
                    source.columns = {name: together([old, flow]) for name, old in source.columns.items()}

    @staticmethod
    def _null_side(side: str, known: set[str], scope: Scope) -> set[str]:
        """The sources whose key takes the value of the other side's, in a join of this kind."""
        joined = set(scope.sources) - known
        return {"": known | joined, "LEFT": joined, "RIGHT": known, "FULL": set()}.get(side, known | joined)

    def _add_source(self, node: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> None:
        nested = node.args.get("joins") or ()
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table) and not node.alias:
            # Parentheses around a join give no name.
            self._add_source(node.this, scope, ctes)
            for join in nested:
                self._join(join, scope, ctes)
            return
        alias, source = self._source(node, scope, ctes)
        while alias in scope.sources:
            alias += "'"
        scope.sources[alias] = source
        for join in nested:
            self._join(join, scope, ctes)

    def _source(self, node: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> tuple[str, Source]:
        """The name of one item of FROM, and what it holds."""
        alias = name_of(node.args["alias"].this) if node.args.get("alias") else ""
        if isinstance(node, exp.Table):
            return alias or name_of(node.this), self._table(node, scope, ctes)
        if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Table):
            inside = Scope(scope.outer)
            self._add_source(node.this, inside, ctes)
            return alias, Source(self._renamed(inside.star(), node, alias))
        if isinstance(node, exp.Subquery):
            inner = self._with_ctes(node, scope.outer, ctes)
            columns = self.columns_of(node.this, scope.outer, inner)
            return alias, Source(self._sealed_relation(self._renamed(columns, node, alias), alias))
        if isinstance(node, exp.Lateral):
            inside = node.this
            if isinstance(inside, exp.Subquery | exp.Query):
                return alias, Source(self._renamed(self.columns_of(inside, scope, ctes), node, alias))
            return self._function(inside, node, alias, scope, ctes)
        if isinstance(node, exp.Values):
            source = self._values(node, scope, ctes)
            return alias, Source(self._renamed(source.columns, node, alias))
        return self._function(node, node, alias, scope, ctes)

    def _sealed_relation(self, columns: dict[str, Flow], alias: str) -> dict[str, Flow]:
        """A protecting macro that gives a whole query is sealed by the query's alias."""
        protection = of_seal(alias, self.seal)
        if protection is None:
            return columns
        return {name: flow.guarded(Guard(protection)) for name, flow in columns.items()}

    def _table(self, node: exp.Table, scope: Scope, ctes: Mapping[str, Columns]) -> Source:
        rows_from = node.args.get("rows_from")
        if rows_from or not isinstance(node.this, exp.Identifier):
            return self._function(rows_from or node.this, node, "", scope, ctes)[1]
        schema, name = name_of(node.args.get("db")), name_of(node.this)
        columns = None if schema else ctes.get(name)
        if columns is None:
            columns = self._find_relation(schema, name)
        if columns is None:
            label = f"{schema}.{name}" if schema else name
            raise Unreadable(
                f"la relation « {label} » n'est ni un modèle, ni une source, ni une CTE du projet"
            )
        return Source(self._renamed(dict(columns), node, None))

    def _values(self, node: exp.Values, scope: Scope, ctes: Mapping[str, Columns]) -> Source:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        return Source(
            {
                f"column{place + 1}": together(self.value(row[place], scope, ctes) for row in rows)
                for place in range(len(rows[0]) if rows else 0)
            }
        )

    def _function(
        self,
        calls: exp.Expr | list[exp.Expr],
        node: exp.Expr,
        alias: str,
        scope: Scope,
        ctes: Mapping[str, Columns],
    ) -> tuple[str, Source]:
        """A function in FROM: each of its columns may hold anything of its arguments."""
        calls = calls if isinstance(calls, list) else [calls]
        flow = together(self.value(call, scope, ctes) for call in calls).through("expression")
        name = alias or (calls[0].sql_name().lower() if isinstance(calls[0], exp.Func) else "")
        aliased = node.args.get("alias")
        named = [
            name_of(column.this if isinstance(column, exp.ColumnDef) else column)
            for column in (aliased.args.get("columns") or () if aliased else ())
        ]
        offset = node.args.get("offset")
        if isinstance(offset, exp.Identifier):
            named.append(name_of(offset))
        return name, Source({column: flow for column in named or [name]}, any_column=flow)

    @staticmethod
    def _renamed(columns: dict[str, Flow], node: exp.Expr, _name: str | None) -> dict[str, Flow]:
        """The same columns under the names of the alias: `as t(a, b)`."""
        alias = node.args.get("alias")
        names = [name_of(column) for column in (alias.args.get("columns") or () if alias else ())]
        if not names:
            return columns
        flows = list(columns.items())
        if len(names) > len(flows):
            raise Unreadable("un alias nomme plus de colonnes que la relation n'en a")
        return dict([*zip(names, (flow for _, flow in flows), strict=False), *flows[len(names) :]])

    # Conditions

    @staticmethod
    def _conjuncts(condition: exp.Expr | None) -> Iterator[exp.Expr]:
        if condition is None:
            return
        for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
            inner = part.unnest()
            if isinstance(inner, exp.And):
                yield from QueryReader._conjuncts(inner)
            else:
                yield inner

    def _settle(self, scope: Scope, ctes: Mapping[str, Columns]) -> None:
        """Follows the equalities of a query until they tell nothing more: a = b and b = c."""
        for _ in range(len(scope.conditions) + 1):
            # A list, for each has to be read.
            if not any([self._equalities(one, scope, ctes, only) for one, only in scope.conditions]):
                return

    def _equalities(
        self,
        condition: exp.Expr,
        scope: Scope,
        ctes: Mapping[str, Columns],
        only: Collection[str] | None,
    ) -> bool:
        """`a.x = b.y`: whoever shows b.y shows a.x; also `lower(a.x) = b.y`, `in`, `like`, tuples.

        Returns:
            True when a column of this query got something from it.
        """
        changed = False
        for column, flow in self._equal(condition, scope, ctes):
            if self._is_local(column, scope) and (only is None or self._owner(column, scope) & set(only)):
                changed |= scope.add(column, flow)
        for query in self._asked(condition):
            self._link(query, scope, ctes)
        return changed

    def _equal(
        self, condition: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]
    ) -> Iterator[tuple[exp.Column, Flow]]:
        """Each column that a condition holds equal to something, and what it is equal to."""
        for one, other in self._sides(condition):
            for column in self._columns_in(one):
                flow = self.value(other, scope, ctes).through(JOIN_KEY)
                if flow.origins:
                    yield column, flow
        for node in self._leaves(condition):
            if isinstance(node, exp.In) and node.args.get("query"):
                parts = node.this.expressions if isinstance(node.this, exp.Tuple) else [node.this]
                flows = list(self.columns_of(node.args["query"].unnest(), scope, ctes).values())
                for part, flow in zip(parts, flows, strict=False):
                    for column in self._columns_in(part):
                        if flow.origins:
                            yield column, flow.through(JOIN_KEY)

    @staticmethod
    def _leaves(condition: exp.Expr) -> Iterator[exp.Expr]:
        """The comparisons of a condition that may hold; a negation tells no equality."""
        node = condition.unnest()
        if isinstance(node, exp.Connector):
            for part in node.flatten():
                yield from QueryReader._leaves(part)
        elif isinstance(node, exp.Escape) or (
            isinstance(node, exp.Is) and node.expression == exp.Boolean(this=True)
        ):
            yield from QueryReader._leaves(node.this)
        else:
            yield node

    @staticmethod
    def _sides(condition: exp.Expr) -> Iterator[tuple[exp.Expr, exp.Expr]]:
        """The two sides of each equality of a condition, either way round."""
        pairs = []
        for node in QueryReader._leaves(condition):
            inner = node.this.unnest() if isinstance(node, exp.Not) else node
            if isinstance(node, exp.Not) != isinstance(inner, exp.NEQ | exp.NullSafeNEQ):
                continue
            if isinstance(inner, exp.In):
                pairs += [(inner.this, other) for other in inner.expressions]
            elif isinstance(inner, EQUAL):
                one, other = inner.this.unnest(), inner.expression.unnest()
                if isinstance(one, exp.Tuple) and isinstance(other, exp.Tuple):
                    pairs += zip(one.expressions, other.expressions, strict=False)
                else:
                    pairs.append((one, other))
        for one, other in pairs:
            yield one, other
            yield other, one

    @staticmethod
    def _columns_in(node: exp.Expr) -> Iterator[exp.Column]:
        """The columns of an expression, not those of queries in it."""
        for part in node.walk(prune=lambda inner: isinstance(inner, exp.Query)):
            if isinstance(part, exp.Column) and not isinstance(part.this, exp.Star):
                yield part

    @staticmethod
    def _asked(condition: exp.Expr) -> Iterator[exp.Expr]:
        """The queries in a condition: `exists (…)`, `in (…)`, `(select count(*) …) > 0`."""
        for leaf in QueryReader._leaves(condition):
            if isinstance(leaf, exp.Not):
                continue
            for node in leaf.walk(prune=lambda inner: isinstance(inner, exp.Query)):
                if isinstance(node, exp.Query):
                    yield node

    def _link(self, query: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> None:
        """`exists (select … where b.y = a.x)`: whoever shows a.x shows b.y."""
        query = query.unnest()
        if isinstance(query, exp.SetOperation):
            inner_ctes = self._with_ctes(query, scope, ctes)
            for side in (query.this, query.expression):
                self._link(side, scope, inner_ctes)
            return
        if not isinstance(query, exp.Select):
            return
        inner_ctes = self._with_ctes(query, scope, ctes)
        inside = self._from(query, scope, inner_ctes)
        where = query.args.get("where")
        if where is not None:
            inside.conditions.append((where.this, None))
        self._settle(inside, inner_ctes)
        for condition, _ in inside.conditions:
            for column, flow in list(self._equal(condition, inside, inner_ctes)):
                if not self._is_local(column, inside):
                    scope.add(column, flow)

    def _decided_around(self, condition: exp.Expr, scope: Scope, ctes: Mapping[str, Columns]) -> Flow:
        """`(select 1 where p.nom > 'M')`: a condition on nothing but the row around it, as in CASE."""
        parts = [
            part
            for part in self._conjuncts(condition)
            if (columns := list(self._columns_in(part)))
            and not any(self._is_local(column, scope) for column in columns)
        ]
        return together(self.value(part, scope, ctes).through("condition") for part in parts)

    @staticmethod
    def _owner(column: exp.Column, scope: Scope) -> set[str]:
        table, name = name_of(column.args.get("table")), name_of(column.this)
        if table:
            return {table}
        return {alias for alias, source in scope.sources.items() if name in source.columns}

    @staticmethod
    def _is_local(column: exp.Column, scope: Scope) -> bool:
        return scope.find_here(name_of(column.args.get("table")), name_of(column.this)) is not None

    # Groups

    def _group_keys(self, query: exp.Select, scope: Scope, ctes: Mapping[str, Columns]) -> Iterator[Flow]:
        group = query.args.get("group")
        if group is None:
            return
        expressions = list(group.expressions)
        for part in ("rollup", "cube", "grouping_sets"):
            expressions.extend(group.args.get(part) or ())
        if group.args.get("all"):
            expressions.extend(item.unalias() for item in query.expressions if not item.find(exp.AggFunc))
        for expression in expressions:
            yield self.value(self._meant(expression.unnest(), query, scope), scope, ctes)

    def _meant(self, key: exp.Expr, query: exp.Select, scope: Scope) -> exp.Expr:
        """A key of GROUP BY given by its place or its name in the SELECT list."""
        if isinstance(key, exp.Literal) and not key.is_string:
            place = int(key.name) - 1
            if 0 <= place < len(query.expressions):
                chosen: exp.Expr = query.expressions[place].unalias()
                return chosen
        if isinstance(key, exp.Column) and not key.args.get("table") and not self._is_local(key, scope):
            for item in query.expressions:
                if isinstance(item, exp.Alias) and name_of(item.args["alias"]) == name_of(key.this):
                    named: exp.Expr = item.this
                    return named
        return key

    def _one_value(
        self, condition: exp.Expr | None, scope: Scope, ctes: Mapping[str, Columns]
    ) -> Iterator[Flow]:
        """`where matricule = '123'`: an aggregate of what is left is of one person."""
        for part in self._conjuncts(condition):
            if isinstance(part, exp.EQ | exp.NullSafeEQ):
                sides = [part.this, part.expression]
            elif isinstance(part, exp.In) and not part.args.get("query"):
                sides = [part.this, *part.expressions]
            else:
                continue
            given = [side.unnest() for side in sides if not isinstance(side, exp.Literal)]
            # Not the long conditions of typed cells, which take time and tell no person.
            if len(given) == 1 and not given[0].find(exp.Case):
                yield self.value(given[0], scope, ctes)
