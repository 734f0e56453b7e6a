"""What each column of a query is made from: `select *`, joins, CTEs, subqueries, set operations, lateral."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlglot import exp

from orchestration.lineage.expressions import Expressions
from orchestration.lineage.graph import COPY, EMPTY, Flow, Guard, together
from orchestration.lineage.protection import of_seal
from orchestration.lineage.scopes import Columns, FindRelation, Scope, Source, Unreadable, name_of, put

# A recursive CTE is read again until nothing is added to its columns.
MOST_ROUNDS = 20
JOIN_KEY = "clé de jointure"


class QueryReader(Expressions):
    """Reads one query.

    Args:
        find_relation: the columns of a relation of the project.
        seal: what the protections of macros bear, see `orchestration.lineage.protection`.
    """

    def __init__(self, find_relation: FindRelation, seal: str | None = None) -> None:
        """Remembers where relations are found."""
        super().__init__(seal)
        self._find_relation = find_relation

    def read(self, query: exp.Expression) -> dict[str, Flow]:
        """What each column of a whole statement is made from, in the order of its columns.

        Raises:
            Unreadable: it names a relation or a column that is not known, or is no query.
        """
        return self.columns_of(query, None, {})

    def columns_of(
        self, query: exp.Expression, outer: Scope | None, ctes: Mapping[str, Columns]
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
        self, query: exp.Expression, outer: Scope | None, ctes: Mapping[str, Columns]
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
        scope = self._from(query, outer, ctes)
        scope.windows = {
            name_of(window.this): window for window in query.args.get("windows") or () if window.this
        }
        where = query.args.get("where")
        for condition in self._conjuncts(where.this if where else None):
            self._equality(condition, scope, ctes, left=True, right=True)
        scope.keys = (*self._group_keys(query, scope, ctes), *self._correlation_keys(where, scope, ctes))
        columns: dict[str, Flow] = {}
        for item in query.expressions:
            for name, flow in self._item(item, scope, ctes):
                put(columns, name, flow)
        return columns

    def _item(
        self, item: exp.Expression, scope: Scope, ctes: Mapping[str, Columns]
    ) -> Iterator[tuple[str, Flow]]:
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

    def _output_name(self, item: exp.Expression) -> str:
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

    def _from(self, query: exp.Expression, outer: Scope | None, ctes: Mapping[str, Columns]) -> Scope:
        scope = Scope(outer)
        clause = query.args.get("from_")
        if clause is not None:
            self._add_source(clause.this, scope, ctes)
        for lateral in query.args.get("laterals") or ():
            self._add_source(lateral, scope, ctes)
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
        for name in using:
            scope.merged[name] = together(
                [
                    scope.merged.get(name, EMPTY),
                    *(source.columns[name] for source in scope.sources.values() if name in source.columns),
                ]
            )
        # An outer join keeps the rows of one side whatever the other holds.
        for condition in self._conjuncts(join.args.get("on")):
            self._equality(
                condition, scope, ctes, left=True, right=True, only=self._null_side(side, known, scope)
            )

    @staticmethod
    def _null_side(side: str, known: set[str], scope: Scope) -> set[str]:
        """The sources whose key takes the value of the other side's, in a join of this kind."""
        joined = set(scope.sources) - known
        return {"": known | joined, "LEFT": joined, "RIGHT": known, "FULL": set()}.get(side, known | joined)

    def _add_source(self, node: exp.Expression, scope: Scope, ctes: Mapping[str, Columns]) -> None:
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

    def _source(self, node: exp.Expression, scope: Scope, ctes: Mapping[str, Columns]) -> tuple[str, Source]:
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
        calls: exp.Expression | list[exp.Expression],
        node: exp.Expression,
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
    def _renamed(columns: dict[str, Flow], node: exp.Expression, _name: str | None) -> dict[str, Flow]:
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
    def _conjuncts(condition: exp.Expression | None) -> Iterator[exp.Expression]:
        if condition is None:
            return
        for part in condition.flatten() if isinstance(condition, exp.And) else [condition]:
            inner = part.unnest()
            if isinstance(inner, exp.And):
                yield from QueryReader._conjuncts(inner)
            else:
                yield inner

    def _equality(
        self,
        condition: exp.Expression,
        scope: Scope,
        ctes: Mapping[str, Columns],
        *,
        left: bool,
        right: bool,
        only: set[str] | None = None,
    ) -> None:
        """`a.x = b.y`: whoever shows b.y shows a.x. `a.x in (select y …)` likewise."""
        if isinstance(condition, exp.In) and condition.args.get("query"):
            sides = [(condition.this, condition.args["query"])]
        elif isinstance(condition, exp.EQ | exp.NullSafeEQ):
            sides = [(condition.this, condition.expression), (condition.expression, condition.this)]
        elif isinstance(condition, exp.Exists):
            self._exists(condition, scope, ctes)
            return
        else:
            return
        additions = []
        for column, other in sides:
            column = column.unnest()
            if not isinstance(column, exp.Column) or isinstance(column.this, exp.Star):
                continue
            if only is not None and not self._owner(column, scope) & only:
                continue
            additions.append((column, self.value(other, scope, ctes).through(JOIN_KEY)))
        for column, flow in additions:
            if flow.origins:
                scope.add(column, flow)

    @staticmethod
    def _owner(column: exp.Column, scope: Scope) -> set[str]:
        table, name = name_of(column.args.get("table")), name_of(column.this)
        if table:
            return {table}
        return {alias for alias, source in scope.sources.items() if name in source.columns}

    def _exists(self, condition: exp.Exists, scope: Scope, ctes: Mapping[str, Columns]) -> None:
        """`exists (select … where b.y = a.x)`: whoever shows a.x shows b.y."""
        query = condition.this.unnest()
        if not isinstance(query, exp.Select):
            return
        inner_ctes = self._with_ctes(query, scope, ctes)
        inside = self._from(query, scope, inner_ctes)
        where = query.args.get("where")
        for part in self._conjuncts(where.this if where else None):
            if not isinstance(part, exp.EQ | exp.NullSafeEQ):
                continue
            for column, other in ((part.this, part.expression), (part.expression, part.this)):
                column = column.unnest()
                if isinstance(column, exp.Column) and not self._is_local(column, inside):
                    scope.add(column, self.value(other, inside, inner_ctes).through(JOIN_KEY))

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

    def _meant(self, key: exp.Expression, query: exp.Select, scope: Scope) -> exp.Expression:
        """A key of GROUP BY given by its place or its name in the SELECT list."""
        if isinstance(key, exp.Literal) and not key.is_string:
            place = int(key.name) - 1
            if 0 <= place < len(query.expressions):
                return query.expressions[place].unalias()
        if isinstance(key, exp.Column) and not key.args.get("table") and not self._is_local(key, scope):
            for item in query.expressions:
                if isinstance(item, exp.Alias) and name_of(item.args["alias"]) == name_of(key.this):
                    return item.this
        return key

    def _correlation_keys(
        self, where: exp.Where | None, scope: Scope, ctes: Mapping[str, Columns]
    ) -> Iterator[Flow]:
        """`where s.matricule = a.matricule`: an aggregate of a subquery of one row of the query around it."""
        if scope.outer is None or where is None:
            return
        for condition in self._conjuncts(where.this):
            columns = list(condition.find_all(exp.Column))
            if isinstance(condition, exp.EQ | exp.NullSafeEQ) and not all(
                self._is_local(column, scope) for column in columns
            ):
                yield self.value(condition, scope, ctes).through(COPY)
