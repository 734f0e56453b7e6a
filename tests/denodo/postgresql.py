"""PostgreSQL with the documented meaning of VQL.

`translate(tree)` turns one statement's tree; `to_postgresql(vql)` a whole script. The result runs on a
database where engine.install() has been run. Decisions where versions or pages of the manual differ:

- UNION follows the SQL standard, as Denodo does since version 8: columns by position, no duplicates. EXTENDED
  UNION ALL joins by name (source: "UNION Clause").
- MINUS and INTERSECT want the same column names on both sides and match by name (source: "MINUS Operation").
- Text is ordered by code point (`collate "C"`) wherever an expression is known to be text: a column of a
  table whose types are not given (`columns`) keeps the database's collation (source: "Comparing Literals").
- An operation between whole numbers that leaves the range is an error here; the manual only says that the
  result is then wrong (source: "Data Types").
- LIMIT without a number gives one row, as FETCH does (source: "OFFSET, FETCH and LIMIT").
- Arrays and registers that the outermost SELECT gives come as text, `Array { { 1 } { .1 } }`; in a view and
  in a subquery they stay jsonb.
- CONTEXT counts for its i18n (the week's first day, the language of names) and its variables (GETVAR).
- FLATTEN, whose fields are those of a type that is not known here, has no counterpart: NotTranslatable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from sqlglot import exp

from denodo.grammar import parse
from denodo.tree import Call, form
from tests.denodo import types
from tests.denodo.calls import _Calls
from tests.denodo.scopes import (
    Column,
    Node,
    NotTranslatable,
    Relation,
    Scope,
    by_code_point,
    cast,
    function,
    identifier,
    name_of,
    vql_call,
)

# Pairs of a CONTEXT clause: 'i18n' = 'us_pst', 'VAR name' = 'value'.
_CONTEXT = re.compile(r"""['"]([^'"]+)['"]\s*=\s*'((?:[^']|'')*)'""")

_MAP = re.compile(
    r"""CREATE\s+(?:OR\s+REPLACE\s+)?MAP\s+SIMPLE\s+(?:"([^"]+)"|(\w+))\s*\((.*)\)\s*\Z""",
    re.IGNORECASE | re.DOTALL,
)
_PAIR = re.compile(r"'((?:[^']|'')*)'\s*=\s*'((?:[^']|'')*)'")


class _Translator(_Calls):
    """The whole translation: statements and queries."""

    def __init__(
        self,
        schemas: Mapping[str, str] | None = None,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        database: str | None = None,
    ) -> None:
        self.schemas = schemas or {}
        self.columns = {name.lower(): dict(found) for name, found in (columns or {}).items()}
        self.database = database
        self.i18n: str | None = None
        self.variables: dict[str, str] = {}

    # ------------------------------------------------------------------ statements

    def statement(self, tree: Node) -> Node:
        if isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)):
            return self._shown(*self.query(tree, Scope()))
        if isinstance(tree, exp.Create):
            if tree.args["kind"] == "FOLDER":
                return exp.Semicolon()
            name = self.view_name(tree.this)
            query = self.query(tree.expression, Scope())[0]
            return exp.Create(this=name, kind="VIEW", replace=tree.args.get("replace"), expression=query)
        if isinstance(tree, exp.Use):
            schema = name_of(tree.this.this)
            return exp.Command(this="SET", expression=f"search_path TO {self.schemas.get(schema, schema)}")
        if isinstance(tree, exp.Command):
            raise NotTranslatable(f"l'instruction {tree.this} n'est pas traduite", tree)
        return self.value(tree, Scope())[0]

    @staticmethod
    def _shown(query: Node, columns: list[Column] | None) -> Node:
        """A query for a reader: its arrays and registers come as the manual prints them."""
        if not isinstance(query, exp.Select) or len(columns or []) != len(query.expressions):
            return query
        for item, (name, type_) in zip(query.expressions, columns or [], strict=True):
            if type_ in ("array", "register") and not isinstance(item, exp.Star):
                value = item.this if isinstance(item, exp.Alias) else item
                shown = vql_call("display", value.copy())
                item.replace(exp.Alias(this=shown, alias=identifier(name)))
        return query

    def view_name(self, table: Node) -> Node:
        """The name of a view in the schema of its database."""
        database = name_of(table.args["db"]) if table.args.get("db") else self.database
        schema = self.schemas.get(database, database) if database else None
        return exp.Table(this=identifier(name_of(table.this)), db=identifier(schema) if schema else None)

    # --------------------------------------------------------------------- queries

    def query(self, node: Node, scope: Scope) -> tuple[Node, list[Column] | None]:
        """A query, and its columns when they are known."""
        if node.args.get("context"):
            for name, value in _CONTEXT.findall(node.args["context"].name):
                word, _, variable = name.lower().partition(" ")
                if word == "i18n":
                    self.i18n = value.replace("''", "'")
                elif word == "var":
                    self.variables[variable.strip()] = value.replace("''", "'")
        scope = scope.inner()
        with_ = node.args.get("with_")
        tables = []
        for table in with_.expressions if with_ else []:
            tables.append(self.common_table(table, scope, bool(with_.args.get("recursive"))))
        if isinstance(node, exp.Select):
            result, columns = self.select(node, scope)
        elif isinstance(node, exp.SetOperation):
            result, columns = self.set_operation(node, scope)
        elif isinstance(node, exp.Subquery):
            inner, columns = self.query(node.this, scope)
            result = exp.Subquery(this=inner)
            result = self.modified(node, result, columns, scope)
        elif isinstance(node, exp.Values):
            rows = [
                exp.Tuple(expressions=[self.value(value, scope)[0] for value in row.expressions])
                for row in node.expressions
            ]
            result, columns = exp.Values(expressions=rows), None
        else:
            raise NotTranslatable("requête attendue", node)
        if tables:
            result.set("with_", exp.With(expressions=tables, recursive=bool(with_.args.get("recursive"))))
        return result, columns

    def common_table(self, table: Node, scope: Scope, recursive: bool) -> Node:
        alias = table.args["alias"]
        name = name_of(alias.this)
        names = [name_of(column) for column in alias.args.get("columns") or []]
        if recursive:
            scope.tables[name] = None
        query, columns = self.query(table.this, scope)
        columns = self._renamed(columns, names)
        scope.tables[name] = columns
        new = exp.TableAlias(this=identifier(name), columns=[identifier(column) for column in names] or None)
        return exp.CTE(this=query, alias=new, materialized=table.args.get("materialized"))

    @staticmethod
    def _renamed(columns: list[Column] | None, names: list[str]) -> list[Column] | None:
        if not names:
            return columns
        known = columns or []
        return [
            (name, known[number][1] if number < len(known) else None) for number, name in enumerate(names)
        ] + list(known[len(names) :])

    def set_operation(self, node: Node, scope: Scope) -> tuple[Node, list[Column] | None]:
        left, columns = self.query(node.this, scope)
        right, others = self.query(node.expression, scope)
        by_name = node.args.get("extended") or node.args.get("by_name")
        distinct = bool(node.args.get("distinct"))
        if isinstance(node, (exp.Except, exp.Intersect)) and columns is not None and others is not None:
            names, theirs = [name for name, _ in columns], [name for name, _ in others]
            if sorted(names) != sorted(theirs):
                word = "INTERSECT" if isinstance(node, exp.Intersect) else "MINUS"
                raise NotTranslatable(
                    f"{word} : les deux côtés doivent avoir les mêmes noms de colonnes, "
                    f"or {', '.join(names)} et {', '.join(theirs)}",
                    node,
                )
            if names != theirs:
                right, others = self._reordered(right, others, names)
        if isinstance(node, exp.Union) and by_name and columns is not None and others is not None:
            names = [name for name, _ in columns] + [name for name, _ in others if name not in dict(columns)]
            left, columns = self._reordered(left, columns, names)
            right, others = self._reordered(right, others, names)
            distinct = distinct and not node.args.get("extended")
        result_columns: list[Column] | None = None
        if columns is not None and others is not None and len(columns) == len(others):
            result_columns = []
            for number, ((name, mine), (_, theirs_type)) in enumerate(zip(columns, others, strict=True)):
                type_ = types.joined(mine, theirs_type)
                if type_ in types.POSTGRESQL:
                    for side, own in ((left, mine), (right, theirs_type)):
                        if own == "null":
                            self._retype(side, number, types.POSTGRESQL[type_])
                result_columns.append((name, type_))
        elif columns is not None and not by_name:
            result_columns = [(name, None) for name, _ in columns]
        type_of_node = {exp.Union: exp.Union, exp.Except: exp.Except, exp.Intersect: exp.Intersect}[
            type(node)
        ]
        if right.args.get("with_"):
            right = exp.Subquery(this=right)
        result = type_of_node(this=left, expression=right, distinct=distinct)
        return self.modified(node, result, result_columns, scope), result_columns

    @staticmethod
    def _reordered(query: Node, columns: list[Column], names: list[str]) -> tuple[Node, list[Column]]:
        known = dict(columns)
        fields = [
            exp.Column(this=identifier(name))
            if name in known
            else exp.Alias(this=exp.Null(), alias=identifier(name))
            for name in names
        ]
        alias = exp.TableAlias(this=identifier("reordered"))
        source = exp.Subquery(this=query, alias=alias)
        select = exp.Select(expressions=fields, from_=exp.From(this=source))
        return select, [(name, known.get(name, "null")) for name in names]

    def _retype(self, query: Node, number: int, type_: str) -> None:
        """Gives a column that is NULL in a query's every row the type it has on the other side."""
        if isinstance(query, exp.Subquery):
            self._retype(query.this, number, type_)
        elif isinstance(query, exp.SetOperation):
            self._retype(query.this, number, type_)
            self._retype(query.expression, number, type_)
        elif isinstance(query, exp.Select) and number < len(query.expressions):
            item = query.expressions[number]
            value = item.this if isinstance(item, exp.Alias) else item
            if isinstance(value, exp.Null):
                value.replace(cast(exp.Null(), type_))

    def select(self, node: Node, scope: Scope) -> tuple[Node, list[Column] | None]:
        result = exp.Select()
        from_ = node.args.get("from_")
        if from_ is not None:
            joins = node.args.get("joins") or []
            if not self._is_dual(from_.this) or joins or node.find(exp.Column, exp.Star):
                source = self.source(from_.this, scope)
                result.set("from_", exp.From(this=source))
                translated = [self.join(join, scope) for join in joins]
                if translated:
                    result.set("joins", translated)
        fields, columns = self.fields(node.expressions, scope)
        result.set("expressions", fields)
        distinct = node.args.get("distinct")
        if distinct is not None:
            on = distinct.args.get("on")
            values = exp.Tuple(expressions=[self.value(v, scope)[0] for v in on.expressions]) if on else None
            result.set("distinct", exp.Distinct(on=values))
        if node.args.get("where"):
            result.set("where", exp.Where(this=self.value(node.args["where"].this, scope)[0]))
        if node.args.get("group"):
            group = [self._grouped(item, scope) for item in node.args["group"].expressions]
            result.set("group", exp.Group(expressions=group))
        for name, type_ in (("having", exp.Having), ("qualify", exp.Qualify)):
            if node.args.get(name):
                result.set(name, type_(this=self.value(node.args[name].this, scope)[0]))
        if node.args.get("windows"):
            result.set(
                "windows",
                [
                    exp.Window(this=identifier(name_of(window.this)), **self.over(window, scope))
                    for window in node.args["windows"]
                ],
            )
        return self.modified(node, result, columns, scope), columns

    def _grouped(self, item: Node, scope: Scope) -> Node:
        if isinstance(item, exp.Column) and not item.args.get("table"):
            return exp.Column(this=identifier(name_of(item.this)))
        if form(item) == "grouping":
            values = [self.value(value, scope)[0] for value in item.expressions]
            return function("grouping sets", *values)
        return self._with_aliases(item, scope)[0]

    def _with_aliases(self, item: Node, scope: Scope) -> tuple[Node, str | None]:
        """An expression of GROUP BY or ORDER BY, which may name the fields of the SELECT clause."""
        inner = Scope(scope.relations, scope.tables, scope.outer, dict(scope.aliases))
        inner.aliases = scope.fields
        return self.value(item, inner)

    def fields(self, items: Iterable[Node], scope: Scope) -> tuple[list[Node], list[Column] | None]:
        """The SELECT clause: expressions with the names VQL gives them, and their types if all are known."""
        fields: list[Node] = []
        columns: list[Column] | None = []
        taken: set[str] = set()
        aliases: dict[str, tuple[Node, str | None]] = {}
        for item in items:
            value = item.this if isinstance(item, exp.Alias) else item
            if isinstance(value, exp.Star) or (
                isinstance(value, exp.Column) and isinstance(value.this, exp.Star)
            ):
                table = name_of(value.args["table"]) if isinstance(value, exp.Column) else None
                star = exp.Column(this=exp.Star(), table=identifier(table)) if table else exp.Star()
                fields.append(star)
                sources = [r for r in scope.relations if table in (None, r.name)]
                if not sources or any(r.columns is None for r in sources):
                    columns = None
                elif columns is not None:
                    columns += [column for r in sources for column in r.columns or []]
                continue
            translated, type_ = self.value(value, scope)
            if isinstance(item, exp.Alias):
                name = name_of(item.args["alias"])
                aliases[name] = (translated, type_)
                field_ = exp.Alias(this=translated, alias=identifier(name))
            else:
                name, natural = self._natural_name(value, translated)
                number = 0
                base = name
                while name in taken and not isinstance(value, exp.Column):
                    number += 1
                    name = f"{base}_{number}"
                field_ = translated if name == natural else exp.Alias(this=translated, alias=identifier(name))
                if not isinstance(value, exp.Column):
                    aliases[name] = (translated, type_)
            taken.add(name)
            fields.append(field_)
            if columns is not None:
                columns.append((name, type_))
        scope.fields = aliases
        return fields, columns

    @staticmethod
    def _natural_name(node: Node, translated: Node) -> tuple[str, str]:
        """The name VQL gives a field without an alias, and the one PostgreSQL would."""
        if isinstance(translated, exp.Column):
            natural = translated.this.name
        elif isinstance(translated, exp.Anonymous):
            natural = translated.name.rsplit(".", 1)[-1]
        elif isinstance(translated, exp.Window) and isinstance(translated.this, exp.Anonymous):
            natural = translated.this.name.rsplit(".", 1)[-1]
        else:
            natural = ""
        inner = node.this if isinstance(node, (exp.Window, exp.WithinGroup, exp.Filter)) else node
        if isinstance(inner, exp.WithinGroup):
            inner = inner.this
        if isinstance(inner, Call) and not form(inner):
            return inner.name.lower(), natural
        named = {
            exp.Extract: "extract",
            exp.Trim: "trim",
            exp.StrPosition: "position",
            exp.Case: "case",
        }.get(type(inner))
        if named:
            return named, natural
        if isinstance(inner, exp.Substring):
            return str(inner.args.get("word") or "substring").lower(), natural
        if isinstance(inner, exp.Cast) and form(inner) in ("as", "vdp"):
            return "cast", natural
        return natural, natural

    def modified(self, node: Node, result: Node, columns: list[Column] | None, scope: Scope) -> Node:
        """Adds ORDER BY, OFFSET and LIMIT."""
        order = node.args.get("order")
        if order is not None:
            plain = isinstance(result, exp.Select) and not result.args.get("distinct")
            items = [
                self._ordered(item, columns, scope, result if plain else None) for item in order.expressions
            ]
            outside = not plain and any(not _is_plain(item.this) for item in items)
            if outside:
                with_ = result.args.pop("with_", None)
                source = exp.Subquery(this=result, alias=exp.TableAlias(this=identifier("unordered")))
                result = exp.Select(expressions=[exp.Star()], from_=exp.From(this=source))
                if with_:
                    result.set("with_", with_)
            result.set("order", exp.Order(expressions=items))
        limit = node.args.get("limit")
        if isinstance(limit, exp.Fetch):
            result.set("limit", exp.Limit(expression=self._count(limit.args.get("count"), scope)))
        elif limit is not None:
            result.set("limit", exp.Limit(expression=self._count(limit.expression, scope)))
        if node.args.get("offset"):
            result.set("offset", exp.Offset(expression=self._count(node.args["offset"].expression, scope)))
        return result

    def _count(self, count: Node | None, scope: Scope) -> Node:
        if count is None:
            return exp.Literal.number("1")
        return exp.Var(this="ALL") if isinstance(count, exp.Var) else self.value(count, scope)[0]

    def _ordered(self, item: Node, columns: list[Column] | None, scope: Scope, select: Node | None) -> Node:
        value = item.this
        known = dict(columns or [])
        if isinstance(value, exp.Literal) and not value.is_string:
            translated: Node = exp.Literal.number(value.this)
            index = int(value.this) - 1 if value.this.isdigit() else -1
            type_ = columns[index][1] if columns and 0 <= index < len(columns) else None
            if type_ == "text":
                field_ = select.expressions[index] if select and index < len(select.expressions) else None
                if field_ is not None and not isinstance(field_, exp.Star):
                    translated = (field_.this if isinstance(field_, exp.Alias) else field_).copy()
                elif columns:
                    translated = exp.Column(this=identifier(columns[index][0]))
        elif isinstance(value, exp.Column) and not value.args.get("table"):
            name = name_of(value.this)
            translated = exp.Column(this=identifier(name))
            if name in known:
                type_ = known[name]
                if type_ == "text" and select is not None and name in scope.fields:
                    # PostgreSQL takes an output name only where it stands alone.
                    translated = scope.fields[name][0].copy()
            else:
                translated, type_ = self.value(value, scope)
        elif select is not None:
            translated, type_ = self._with_aliases(value, scope)
        else:
            inner = Scope([Relation(None, columns)], outer=scope)
            translated, type_ = self.value(value, inner)
        if type_ == "text" and not isinstance(translated, exp.Literal):
            translated = by_code_point(translated)
        nulls = item.args.get("nulls")
        desc = bool(item.args.get("desc"))
        first = nulls == "FIRST" if nulls else desc
        return exp.Ordered(this=translated, desc=desc or None, nulls_first=first)

    # --------------------------------------------------------------------- sources

    @staticmethod
    def _is_dual(node: Node) -> bool:
        name = node.this if isinstance(node, exp.Table) else None
        return isinstance(name, Call) and name.name == "DUAL"

    def source(self, node: Node, scope: Scope) -> Node:
        """A source of a FROM clause; its columns become known to the scope."""
        alias = node.args.get("alias")
        name = name_of(alias.this) if alias and alias.this else None
        names = [name_of(column) for column in (alias.args.get("columns") or [])] if alias else []
        new_alias = (
            exp.TableAlias(this=identifier(name), columns=[identifier(c) for c in names] or None)
            if name
            else None
        )
        if isinstance(node, exp.Table):
            result = self._table(node, scope, name, names, new_alias)
        elif isinstance(node, exp.Subquery) and node.args.get("parenthesised"):
            result = exp.Subquery(this=self.source(node.this, scope), alias=new_alias)
        elif isinstance(node, exp.Lateral):
            inner, columns = (
                self.query(node.this.this, scope)
                if isinstance(node.this, exp.Subquery)
                else (self.source(node.this, scope), None)
            )
            scope.relations.append(Relation(name, self._renamed(columns, names)))
            if isinstance(node.this, exp.Subquery):
                inner = exp.Subquery(this=inner)
            result = exp.Lateral(this=inner, alias=new_alias)
        elif isinstance(node, (exp.Subquery, exp.Values)):
            own = exp.Subquery(this=node.this) if isinstance(node, exp.Subquery) else None
            # A subquery in FROM does not see the other sources.
            outside = Scope(tables=scope.tables, outer=scope.outer)
            query, columns = self.query(own.this if own else node, outside)
            scope.relations.append(Relation(name, self._renamed(columns, names)))
            if isinstance(query, exp.Subquery) and not query.args.get("alias"):
                query = query.this if not set(query.args) - {"this"} else query
            result = exp.Subquery(this=query, alias=new_alias)
        else:
            raise NotTranslatable("source inconnue", node)
        joins = [self.join(join, scope) for join in node.args.get("joins") or []]
        if joins:
            result.set("joins", joins)
        return result

    def _table(
        self, node: Node, scope: Scope, name: str | None, names: list[str], alias: Node | None
    ) -> Node:
        this = node.this
        if isinstance(this, Call):
            if this.name == "FLATTEN":
                raise NotTranslatable("FLATTEN : les champs du tableau ne sont pas connus ici", node)
            if this.name == "DUAL":
                empty = cast(exp.Null(), "text")
                dual = exp.Select(expressions=[exp.Alias(this=empty, alias=identifier("dummy"))])
                scope.relations.append(Relation(name, [("dummy", "text")]))
                return exp.Subquery(this=dual, alias=alias or exp.TableAlias(this=identifier("dual")))
            arguments = [self.value(argument, scope)[0] for argument in this.expressions]
            scope.relations.append(Relation(name or this.name.lower(), None))
            call = function(this.name.lower(), *arguments)
            return exp.Table(this=call, alias=alias)
        own = name_of(this)
        database = name_of(node.args["db"]) if node.args.get("db") else None
        columns: list[Column] | None = None
        if database is None:
            found, columns = scope.table(own)
            if found:
                scope.relations.append(Relation(name or own, self._renamed(columns, names)))
                return exp.Table(this=identifier(own), alias=alias)
            database = self.database
        known = self.columns.get(f"{database}.{own}" if database else own) or self.columns.get(own)
        if known is not None:
            columns = [(column.lower(), type_) for column, type_ in known.items()]
        scope.relations.append(Relation(name or own, self._renamed(columns, names)))
        schema = self.schemas.get(database, database) if database else None
        return exp.Table(this=identifier(own), db=identifier(schema) if schema else None, alias=alias)

    def join(self, node: Node, scope: Scope) -> Node:
        result = exp.Join(
            this=self.source(node.this, scope),
            method=node.args.get("method"),
            side=node.args.get("side"),
            kind=node.args.get("kind"),
        )
        on = node.args.get("on")
        if on is not None:
            if node.args.get("method"):
                raise NotTranslatable("NATURAL JOIN ne prend pas de condition ON", node)
            result.set("on", self.value(on, scope)[0])
        elif node.args.get("using"):
            result.set("using", [identifier(name_of(column)) for column in node.args["using"]])
        return result


def _is_plain(node: Node) -> bool:
    """Whether an ORDER BY item may follow a UNION or a DISTINCT in PostgreSQL."""
    return isinstance(node, exp.Literal) or (isinstance(node, exp.Column) and not node.args.get("table"))


def translate(
    tree: Node,
    schema_map: Mapping[str, str] | None = None,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    database: str | None = None,
) -> Node:
    """The PostgreSQL tree of one query or expression read as VQL.

    `schema_map` gives the PostgreSQL schema of a VDP database (by default its own name), `columns` the VDP
    types of the columns of tables (`{"database.view": {"column": "text"}}`), `database` that of bare names.
    Raises NotTranslatable.
    """
    return _Translator(schema_map, columns, database).statement(tree)


def to_postgresql(
    vql: str,
    schema_map: Mapping[str, str] | None = None,
    materialized: bool = False,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    pretty: bool = False,
) -> list[str]:
    """The PostgreSQL statements of a VQL script, in order; `pretty` puts each clause on lines of its own.

    A VDP database becomes the schema of its name (or the one `schema_map` gives), which must exist; CONNECT
    DATABASE sets that of the names without one. CREATE VIEW becomes a view, or with `materialized` a
    materialized view; its folder and description become its comment. CREATE MAP SIMPLE fills the map that MAP
    and REPLACEMAP read. CREATE FOLDER gives nothing. A query stays a query. Raises VqlSyntaxError and
    NotTranslatable.
    """
    schemas = dict(schema_map or {})
    known = {name.lower(): dict(found) for name, found in (columns or {}).items()}
    database: str | None = None
    statements: list[str] = []
    for tree in parse(vql):
        if tree is None or (isinstance(tree, exp.Create) and tree.args["kind"] == "FOLDER"):
            continue
        if isinstance(tree, exp.Use):
            database = name_of(tree.this.this)
            continue
        translator = _Translator(schemas, known, database)
        if isinstance(tree, exp.Command) and (found := _MAP.match(f"{tree.this} {tree.args['expression']}")):
            statements += _map(*found.groups())
        elif isinstance(tree, exp.Create):
            statements += _view(translator, tree, materialized, known, pretty)
        else:
            statements.append(_text(translator.statement(tree), pretty))
    return statements


def columns_of(
    vql: str, columns: Mapping[str, Mapping[str, str | None]] | None = None
) -> dict[str, str | None] | None:
    """The columns that one VQL query returns, in order, and their VDP types (None: not known).

    `columns` are those of the tables it reads, as for `translate`. None when the columns are not known: the
    query reads `*` of a table which `columns` has not, or has no translation. Raises VqlSyntaxError.
    """
    (tree,) = parse(vql)
    try:
        found = _Translator(columns=columns).query(tree, Scope())[1]  # type: ignore[arg-type]
    except NotTranslatable:
        return None
    return None if found is None else dict(found)


def _text(tree: Node, pretty: bool) -> str:
    return tree.sql(dialect="postgres", normalize_functions=False, pretty=pretty)


def _map(quoted: str | None, plain: str | None, pairs: str) -> list[str]:
    """The rows that make a simple map, for MAP and REPLACEMAP (source: "Defining a Map")."""
    name = (quoted or (plain or "").lower()).replace("'", "''")
    # The manual's own example gives a key twice: the last one counts.
    values = dict(_PAIR.findall(pairs))
    rows = ", ".join(f"('{name}', '{key}', '{value}')" for key, value in values.items())
    return [
        f"delete from vql.maps where map_name = '{name}'",
        f"insert into vql.maps (map_name, key, value) values {rows}",
    ]


def _view(
    translator: _Translator,
    tree: Node,
    materialized: bool,
    known: dict[str, dict[str, str]],
    pretty: bool,
) -> list[str]:
    table = tree.this
    own = name_of(table.this)
    database = name_of(table.args["db"]) if table.args.get("db") else translator.database
    name = translator.view_name(table).sql(dialect="postgres")
    query, found = translator.query(tree.expression, Scope())
    if found is not None:
        known[f"{database}.{own}" if database else own] = {column: type_ for column, type_ in found}  # type: ignore[misc]
    text = _text(query, pretty)
    kind = "materialized view" if materialized else "view"
    replaced = []
    if tree.args.get("replace"):
        replaced = [f"drop materialized view if exists {name}"] if materialized else []
    create = "create or replace" if tree.args.get("replace") and not materialized else "create"
    space = "\n" if pretty else " "
    statements = [*replaced, f"{create} {kind} {name} as{space}{text}"]
    description = tree.args["description"].name if tree.args.get("description") else ""
    folder = tree.args["folder"].name if tree.args.get("folder") else ""
    comment = "\n".join(part for part in (description, f"Dossier : {folder}" if folder else "") if part)
    if comment:
        literal = comment.replace("'", "''")
        statements.append(f"comment on {kind} {name} is '{literal}'")
    return statements
