"""PostgreSQL with the documented meaning of VQL.

`translate(tree)` turns one statement's tree; `to_postgresql(vql)` a whole script. The result runs on a
database where denodo.engine.install() has been run. Decisions where versions or pages of the manual differ:

- UNION follows the SQL standard, as Denodo does since version 8: columns by position, no duplicates. EXTENDED
  UNION ALL joins by name (source: "UNION Clause").
- MINUS and INTERSECT want the same column names on both sides and match by name (source: "MINUS Operation").
- Text is ordered by code point (`collate "C"`) wherever an expression is known to be text: a column of a
  table whose types are not given (`columns`) keeps the database's collation (source: "Comparing Literals").
- An operation between whole numbers that leaves the range is an error here; the manual only says that the
  result is then wrong (source: "Data Types").
- LIMIT without a number gives one row, as FETCH does (source: "OFFSET, FETCH and LIMIT").
- FLATTEN, whose fields are those of a type that is not known here, has no counterpart: NotTranslatable.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from denodo import types
from denodo.catalogue import FUNCTIONS
from denodo.parser import parse
from denodo.tree import Call, form, position, type_name, type_parameters

Node = exp.Expression
Column = tuple[str, "str | None"]


class NotTranslatable(ValueError):
    """Documented VQL that has no counterpart here, or VQL that the manual forbids; says what and why."""

    def __init__(self, reason: str, node: Node | None = None) -> None:
        """`node` is the part of the tree at fault."""
        place = position(node) if node is not None else None
        super().__init__(f"ligne {place.line}, colonne {place.column} : {reason}" if place else reason)
        self.reason = reason
        self.place = place


@dataclass
class _Relation:
    name: str | None
    columns: list[Column] | None  # None: not known


@dataclass
class _Scope:
    relations: list[_Relation] = field(default_factory=list)
    tables: dict[str, list[Column] | None] = field(default_factory=dict)
    outer: _Scope | None = None
    aliases: dict[str, tuple[Node, str | None]] = field(default_factory=dict)

    def column(self, name: str, table: str | None) -> tuple[bool, str | None]:
        """Whether a column is known to exist, and its type."""
        for relation in self.relations:
            if table is None or relation.name == table:
                for column, type_ in relation.columns or []:
                    if column == name:
                        return True, type_
                if table is not None:
                    return False, None
        return self.outer.column(name, table) if self.outer else (False, None)

    def table(self, name: str) -> tuple[bool, list[Column] | None]:
        if name in self.tables:
            return True, self.tables[name]
        return self.outer.table(name) if self.outer else (False, None)

    def inner(self) -> _Scope:
        return _Scope(outer=self)

    @property
    def complete(self) -> bool:
        """Whether the columns of every source are known."""
        return all(relation.columns is not None for relation in self.relations)


_RESERVED = frozenset(
    """
    all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
    collation column concurrently constraint create cross current_catalog current_date current_role
    current_schema current_time current_timestamp current_user default deferrable desc distinct do else end
    except false fetch for foreign freeze from full grant group having ilike in initially inner intersect into
    is isnull join lateral leading left like limit localtime localtimestamp natural not notnull null offset on
    only or order outer overlaps placing primary references returning right select session_user similar some
    symmetric system_user table tablesample then to trailing true union unique user using variadic verbose
    when where window with between bigint bit boolean char character coalesce dec decimal exists extract float
    greatest grouping inout int integer interval least national nchar none normalize nullif numeric out
    overlay
    position precision real row setof smallint substring time timestamp treat trim values varchar
    """.split()  # noqa: SIM905
)
_PLAIN = re.compile(r"[a-z_][a-z0-9_]*\Z")
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
_WINDOW_ONLY = frozenset(
    """
    CUME_DIST DENSE_RANK FIRST_VALUE LAG LAST_VALUE LEAD NTILE PERCENT_RANK RANK ROW_NUMBER PERCENTILE_CONT
    PERCENTILE_DISC PERCENTILE_DIST
    """.split()  # noqa: SIM905
)
# The manual writes the second name both ways.
_PERCENTILES = ("PERCENTILE_CONT", "PERCENTILE_DISC", "PERCENTILE_DIST")
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


def _function(name: str, *arguments: Node) -> Node:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _vql(name: str, *arguments: Node) -> Node:
    return _function(f"vql.{name}", *arguments)


def _type(name: str) -> Node:
    return exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=name)


def _cast(value: Node, name: str) -> Node:
    return exp.Cast(this=value, to=_type(name))


def _paren(node: Node) -> Node:
    return (
        node
        if isinstance(node, (exp.Paren, exp.Anonymous, exp.Literal, exp.Column, exp.Cast))
        else exp.Paren(this=node)
    )


def _string(text: str) -> Node:
    return exp.Literal.string(text)


def _name(identifier: Node | str) -> str:
    """An identifier's name as PostgreSQL stores it: VQL folds unquoted names to lower case."""
    if isinstance(identifier, str):
        return identifier.lower()
    return identifier.this if identifier.args.get("quoted") else identifier.this.lower()


def _identifier(name: str) -> Node:
    return exp.Identifier(this=name, quoted=not _PLAIN.match(name) or name in _RESERVED)


def _is_text_literal(node: Node) -> bool:
    return isinstance(node, exp.Literal) and node.is_string


class _Translator:
    def __init__(
        self,
        schemas: Mapping[str, str] | None = None,
        columns: Mapping[str, Mapping[str, str]] | None = None,
        database: str | None = None,
    ) -> None:
        self.schemas = schemas or {}
        self.columns = {name.lower(): dict(found) for name, found in (columns or {}).items()}
        self.database = database
        self._aliases: dict[str, tuple[Node, str | None]] = {}

    # ------------------------------------------------------------------ statements

    def statement(self, tree: Node) -> Node:
        if isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)):
            return self.query(tree, _Scope())[0]
        if isinstance(tree, exp.Create):
            if tree.args["kind"] == "FOLDER":
                return exp.Semicolon()
            name = self.view_name(tree.this)
            query = self.query(tree.expression, _Scope())[0]
            return exp.Create(this=name, kind="VIEW", replace=tree.args.get("replace"), expression=query)
        if isinstance(tree, exp.Use):
            schema = _name(tree.this.this)
            return exp.Command(this="SET", expression=f"search_path TO {self.schemas.get(schema, schema)}")
        if isinstance(tree, exp.Command):
            raise NotTranslatable(f"l'instruction {tree.this} n'est pas traduite", tree)
        return self.value(tree, _Scope())[0]

    def view_name(self, table: Node) -> Node:
        """The name of a view in the schema of its database."""
        database = _name(table.args["db"]) if table.args.get("db") else self.database
        schema = self.schemas.get(database, database) if database else None
        return exp.Table(this=_identifier(_name(table.this)), db=_identifier(schema) if schema else None)

    # --------------------------------------------------------------------- queries

    def query(self, node: Node, scope: _Scope) -> tuple[Node, list[Column] | None]:
        """A query, and its columns when they are known."""
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

    def common_table(self, table: Node, scope: _Scope, recursive: bool) -> Node:
        alias = table.args["alias"]
        name = _name(alias.this)
        names = [_name(column) for column in alias.args.get("columns") or []]
        if recursive:
            scope.tables[name] = None
        query, columns = self.query(table.this, scope)
        columns = self._renamed(columns, names)
        scope.tables[name] = columns
        new = exp.TableAlias(
            this=_identifier(name), columns=[_identifier(column) for column in names] or None
        )
        return exp.CTE(this=query, alias=new, materialized=table.args.get("materialized"))

    @staticmethod
    def _renamed(columns: list[Column] | None, names: list[str]) -> list[Column] | None:
        if not names:
            return columns
        known = columns or []
        return [
            (name, known[number][1] if number < len(known) else None) for number, name in enumerate(names)
        ] + list(known[len(names) :])

    def set_operation(self, node: Node, scope: _Scope) -> tuple[Node, list[Column] | None]:
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
        elif columns is not None:
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
            exp.Column(this=_identifier(name))
            if name in known
            else exp.Alias(this=exp.Null(), alias=_identifier(name))
            for name in names
        ]
        alias = exp.TableAlias(this=_identifier("reordered"))
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
                value.replace(_cast(exp.Null(), type_))

    def select(self, node: Node, scope: _Scope) -> tuple[Node, list[Column] | None]:
        result = exp.Select()
        from_ = node.args.get("from_")
        if from_ is not None:
            joins = node.args.get("joins") or []
            if not (self._is_dual(from_.this) and not joins):
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
                    exp.Window(this=_identifier(_name(window.this)), **self.over(window, scope))
                    for window in node.args["windows"]
                ],
            )
        return self.modified(node, result, columns, scope), columns

    def _grouped(self, item: Node, scope: _Scope) -> Node:
        if isinstance(item, exp.Column) and not item.args.get("table"):
            return exp.Column(this=_identifier(_name(item.this)))
        if form(item) == "grouping":
            values = [self.value(value, scope)[0] for value in item.expressions]
            return _function("grouping sets", *values)
        return self._with_aliases(item, scope)[0]

    def _with_aliases(self, item: Node, scope: _Scope) -> tuple[Node, str | None]:
        """An expression of GROUP BY or ORDER BY, which may name the fields of the SELECT clause."""
        inner = _Scope(scope.relations, scope.tables, scope.outer, dict(scope.aliases))
        inner.aliases = self._aliases
        return self.value(item, inner)

    def fields(self, items: Iterable[Node], scope: _Scope) -> tuple[list[Node], list[Column] | None]:
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
                table = _name(value.args["table"]) if isinstance(value, exp.Column) else None
                star = exp.Column(this=exp.Star(), table=_identifier(table)) if table else exp.Star()
                fields.append(star)
                sources = [r for r in scope.relations if table in (None, r.name)]
                if not sources or any(r.columns is None for r in sources):
                    columns = None
                elif columns is not None:
                    columns += [column for r in sources for column in r.columns or []]
                continue
            translated, type_ = self.value(value, scope)
            if isinstance(item, exp.Alias):
                name = _name(item.args["alias"])
                aliases[name] = (translated, type_)
                field_ = exp.Alias(this=translated, alias=_identifier(name))
            else:
                name, natural = self._natural_name(value, translated)
                number = 0
                base = name
                while name in taken and not isinstance(value, exp.Column):
                    number += 1
                    name = f"{base}_{number}"
                field_ = (
                    translated if name == natural else exp.Alias(this=translated, alias=_identifier(name))
                )
                if not isinstance(value, exp.Column):
                    aliases[name] = (translated, type_)
            taken.add(name)
            fields.append(field_)
            if columns is not None:
                columns.append((name, type_))
        self._aliases = aliases
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

    def modified(self, node: Node, result: Node, columns: list[Column] | None, scope: _Scope) -> Node:
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
                source = exp.Subquery(this=result, alias=exp.TableAlias(this=_identifier("unordered")))
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

    def _count(self, count: Node | None, scope: _Scope) -> Node:
        if count is None:
            return exp.Literal.number("1")
        return exp.Var(this="ALL") if isinstance(count, exp.Var) else self.value(count, scope)[0]

    def _ordered(self, item: Node, columns: list[Column] | None, scope: _Scope, select: Node | None) -> Node:
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
                    translated = exp.Column(this=_identifier(columns[index][0]))
        elif isinstance(value, exp.Column) and not value.args.get("table"):
            name = _name(value.this)
            translated = exp.Column(this=_identifier(name))
            if name in known:
                type_ = known[name]
                if type_ == "text" and select is not None and name in self._aliases:
                    # PostgreSQL takes an output name only where it stands alone.
                    translated = self._aliases[name][0].copy()
            else:
                translated, type_ = self.value(value, scope)
        elif select is not None:
            translated, type_ = self._with_aliases(value, scope)
        else:
            inner = _Scope([_Relation(None, columns)], outer=scope)
            translated, type_ = self.value(value, inner)
        if type_ == "text" and not isinstance(translated, exp.Literal):
            translated = _by_code_point(translated)
        nulls = item.args.get("nulls")
        desc = bool(item.args.get("desc"))
        first = nulls == "FIRST" if nulls else desc
        return exp.Ordered(this=translated, desc=desc or None, nulls_first=first)

    # --------------------------------------------------------------------- sources

    @staticmethod
    def _is_dual(node: Node) -> bool:
        name = node.this if isinstance(node, exp.Table) else None
        return isinstance(name, Call) and name.name == "DUAL"

    def source(self, node: Node, scope: _Scope) -> Node:
        """A source of a FROM clause; its columns become known to the scope."""
        alias = node.args.get("alias")
        name = _name(alias.this) if alias and alias.this else None
        names = [_name(column) for column in (alias.args.get("columns") or [])] if alias else []
        new_alias = (
            exp.TableAlias(this=_identifier(name), columns=[_identifier(c) for c in names] or None)
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
            scope.relations.append(_Relation(name, self._renamed(columns, names)))
            if isinstance(node.this, exp.Subquery):
                inner = exp.Subquery(this=inner)
            result = exp.Lateral(this=inner, alias=new_alias)
        elif isinstance(node, (exp.Subquery, exp.Values)):
            own = exp.Subquery(this=node.this) if isinstance(node, exp.Subquery) else None
            # A subquery in FROM does not see the other sources.
            outside = _Scope(tables=scope.tables, outer=scope.outer)
            query, columns = self.query(own.this if own else node, outside)
            scope.relations.append(_Relation(name, self._renamed(columns, names)))
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
        self, node: Node, scope: _Scope, name: str | None, names: list[str], alias: Node | None
    ) -> Node:
        this = node.this
        if isinstance(this, Call):
            if this.name == "FLATTEN":
                raise NotTranslatable("FLATTEN : les champs du tableau ne sont pas connus ici", node)
            if this.name == "DUAL":
                dual = exp.Select(expressions=[exp.Alias(this=_string("x"), alias=_identifier("dual"))])
                scope.relations.append(_Relation(name, [("dual", "text")]))
                return exp.Subquery(this=dual, alias=alias or exp.TableAlias(this=_identifier("dual")))
            arguments = [self.value(argument, scope)[0] for argument in this.expressions]
            scope.relations.append(_Relation(name or this.name.lower(), None))
            call = _function(this.name.lower(), *arguments)
            return exp.Table(this=call, alias=alias)
        own = _name(this)
        database = _name(node.args["db"]) if node.args.get("db") else None
        columns: list[Column] | None = None
        if database is None:
            found, columns = scope.table(own)
            if found:
                scope.relations.append(_Relation(name or own, self._renamed(columns, names)))
                return exp.Table(this=_identifier(own), alias=alias)
            database = self.database
        known = self.columns.get(f"{database}.{own}" if database else own) or self.columns.get(own)
        if known is not None:
            columns = [(column.lower(), type_) for column, type_ in known.items()]
        scope.relations.append(_Relation(name or own, self._renamed(columns, names)))
        schema = self.schemas.get(database, database) if database else None
        return exp.Table(this=_identifier(own), db=_identifier(schema) if schema else None, alias=alias)

    def join(self, node: Node, scope: _Scope) -> Node:
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
            result.set("using", [_identifier(_name(column)) for column in node.args["using"]])
        return result

    # ----------------------------------------------------------------- expressions

    def value(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        """An expression and its VDP type: None when not known, "null" for NULL."""
        if isinstance(node, (exp.Select, exp.SetOperation)):
            query, columns = self.query(node, scope)
            return exp.Subquery(this=query), columns[0][1] if columns else None
        method = getattr(self, f"on_{node.key}", None)
        if method is not None:
            return method(node, scope)
        return self._generic(node, scope), None

    def values(self, nodes: Iterable[Node], scope: _Scope) -> tuple[list[Node], list[str | None]]:
        """Several expressions and their types."""
        pairs = [self.value(node, scope) for node in nodes]
        return [pair[0] for pair in pairs], [pair[1] for pair in pairs]

    def _generic(self, node: Node, scope: _Scope) -> Node:
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

    def on_literal(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        if node.is_string:
            return _string(node.this), "text"
        text = node.this
        if any(mark in text for mark in ".eE") and not text.lower().startswith("0x"):
            return _cast(exp.Literal.number(text), "double precision"), "double"
        number = int(text, 0) if text.lower().startswith("0x") else int(text)
        type_ = "int" if number < 2**31 else "long" if number < 2**63 else "decimal"
        return exp.Literal.number(text), type_

    def on_null(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        return exp.Null(), "null"

    def on_boolean(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        return exp.Boolean(this=node.this), "boolean"

    def on_column(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        if isinstance(node.this, exp.Star):
            return exp.Column(this=exp.Star(), table=_identifier(_name(node.args["table"]))), None
        name = _name(node.this)
        table = _name(node.args["table"]) if node.args.get("table") else None
        known, type_ = scope.column(name, table)
        if not known and table is None and name in scope.aliases:
            value, type_ = scope.aliases[name]
            return _paren(value.copy()), type_
        parts: dict[str, Node] = {"this": _identifier(name)}
        if table:
            parts["table"] = _identifier(table)
        if node.args.get("db"):
            database = _name(node.args["db"])
            parts["db"] = _identifier(self.schemas.get(database, database))
        return exp.Column(**parts), type_

    def on_paren(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, type_ = self.value(node.this, scope)
        return exp.Paren(this=value), type_

    def on_subquery(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        query, columns = self.query(node.this, scope)
        type_ = columns[0][1] if columns and len(columns) == 1 else None
        return exp.Subquery(this=query), type_

    def on_interval(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        unit = node.args["unit"].name if node.args.get("unit") else ""
        type_ = "intervalyearmonth" if unit.startswith(("YEAR", "MONTH")) else "intervaldaysecond"
        words = unit.lower().replace("s ", " ").removesuffix("s")
        return _cast(_string(node.this.name), f"interval {words}".strip()), type_

    def on_case(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value = self.value(node.this, scope)[0] if node.this else None
        branches, results = [], []
        for branch in node.args["ifs"]:
            test = self.value(branch.this, scope)[0]
            result, type_ = self.value(branch.args["true"], scope)
            branches.append(exp.If(this=test, true=result))
            results.append(type_)
        default = None
        if node.args.get("default"):
            default, type_ = self.value(node.args["default"], scope)
            results.append(type_)
        return exp.Case(this=value, ifs=branches, default=default), types.joined(*results)

    # -- conversions

    def on_cast(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        name = type_name(node)
        if form(node) == "literal":
            type_ = types.SQL_TYPES.get(name, "timestamptz")
            return _cast(_string(node.this.name), types.POSTGRESQL[type_]), type_
        value, own = self.value(node.this, scope)
        target = name.lower() if form(node) == "vdp" else types.SQL_TYPES.get(name)
        if target not in types.POSTGRESQL:
            if form(node) == "vdp":
                raise NotTranslatable(f"CAST : type « {name.lower()} » inconnu", node)
            return exp.Cast(this=value, to=node.args["to"].copy()), None
        length = next((n for n in type_parameters(node) if n.isdigit()), None) if target == "text" else None
        result = self.converted(value, own, target)
        if length is not None:
            result = _cast(result, f"varchar({length})")
        return result, target

    def converted(self, value: Node, own: str | None, target: str) -> Node:
        """A value of one VDP type as another."""
        native = types.POSTGRESQL[target]
        if own == "null" or target not in types.CONVERSIONS:
            return _cast(value, native)
        if own == target and not _is_text_literal(value):
            return value
        widens = own in types.NUMBERS and target in types.NUMBERS
        if widens and types.NUMBERS.index(own) < types.NUMBERS.index(target) and own in ("int", "long"):
            return _cast(value, native)
        if own == "text" and target == "text":
            return _cast(value, "text")
        return _vql(types.CONVERSIONS[target], value)

    def text(self, value: Node, own: str | None) -> Node:
        """A value as text, left alone when it is text or not known."""
        return value if own in ("text", "null", None) else _vql("to_text", value)

    # -- operators

    def on_arithmetic(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
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
            return _vql("subtract", left, right), result_type
        if type_ in (exp.Add, exp.Sub) and any(intervals) and any(datetimes):
            name = "add" if type_ is exp.Add else "subtract"
            return _vql(name, left, right), next(own for own in (a, b) if own in types.DATETIMES)
        if type_ in (exp.Add, exp.Sub) and any(intervals) and None in (a, b):
            return _vql("add" if type_ is exp.Add else "subtract", left, right), None
        if any(intervals):
            more = {"typed": True, "safe": False} if type_ is exp.Div else {}
            return type_(this=left, expression=right, **more), next(
                own for own in (a, b) if own in types.INTERVALS
            )
        result_type = types.joined(a, b)
        result_type = result_type if result_type in types.NUMBERS else None
        if result_type == "float":
            # PostgreSQL makes a double of a real and a whole number.
            left = left if a == "float" else _cast(left, "real")
            right = right if b == "float" else _cast(right, "real")
        if type_ is exp.Mod and (result_type not in ("int", "long", "decimal")):
            return _vql("mod", left, right), result_type
        more = {"typed": True, "safe": False} if type_ is exp.Div else {}
        return type_(this=left, expression=right, **more), result_type

    on_add = on_sub = on_mul = on_div = on_mod = on_arithmetic

    def on_neg(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, type_ = self.value(node.this, scope)
        return exp.Neg(this=value), type_

    def on_dpipe(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        sides = []
        for side in (node.this, node.expression):
            value, own = self.value(side, scope)
            sides.append(value if own in ("text", "null") else _vql("to_text", value))
        return exp.DPipe(this=sides[0], expression=sides[1]), "text"

    def on_comparison(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        left, a = self.value(node.this, scope)
        right, b = self.value(node.expression, scope)
        if isinstance(node, _ORDERINGS) and "text" in (a, b):
            texts = [own == "text" and not _is_text_literal(value) for value, own in ((left, a), (right, b))]
            if any(texts) or (a == b == "text"):
                left = _by_code_point(left)
        return type(node)(this=left, expression=right), "boolean"

    on_eq = on_neq = on_lt = on_lte = on_gt = on_gte = on_comparison

    def on_connector(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        sides = self.values((node.this, node.expression), scope)[0]
        return type(node)(this=sides[0], expression=sides[1]), "boolean"

    on_and = on_or = on_connector

    def on_not(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        result = exp.Not(this=value)
        outside = node.parent
        tight = isinstance(outside, exp.Binary) and not isinstance(outside, (exp.And, exp.Or))
        return (exp.Paren(this=result) if tight or isinstance(outside, exp.Is) else result), "boolean"

    def on_is(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        return exp.Is(this=value, expression=node.expression.copy()), "boolean"

    def on_between(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values((node.this, node.args["low"], node.args["high"]), scope)
        if found[0] == "text" and not _is_text_literal(values[0]):
            values[0] = _by_code_point(values[0])
        return exp.Between(
            this=values[0], low=values[1], high=values[2], symmetric=node.args.get("symmetric")
        ), "boolean"

    def on_in(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        query = node.args.get("query")
        if query is not None:
            inner = self.query(query.this, scope)[0]
            return exp.In(this=value, query=exp.Subquery(this=inner)), "boolean"
        return exp.In(this=value, expressions=self.values(node.expressions, scope)[0]), "boolean"

    def on_exists(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        return exp.Exists(this=self.query(node.this, scope)[0]), "boolean"

    def on_quantified(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        inner, type_ = self.value(node.this, scope)
        return type(node)(this=inner), type_

    on_any = on_all = on_quantified

    def on_like(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        return self._matched(node, _string("$"), scope)

    on_ilike = on_like

    def on_escape(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        if isinstance(node.this, (exp.Like, exp.ILike)):
            return self._matched(node.this, self.value(node.expression, scope)[0], scope)
        return self._generic(node, scope), "boolean"

    def _matched(self, node: Node, escape: Node, scope: _Scope) -> tuple[Node, str | None]:
        left, own = self.value(node.this, scope)
        pattern, _ = self.value(node.expression, scope)
        if _is_text_literal(pattern) and _is_text_literal(escape) and len(escape.name) == 1:
            pattern = _string(_like_pattern(pattern.name, escape.name))
        return exp.Escape(
            this=type(node)(this=self.text(left, own), expression=pattern), expression=escape
        ), "boolean"

    def on_regexplike(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values((node.this, node.expression), scope)
        name = "regexp_like" if isinstance(node, exp.RegexpLike) else "regexp_ilike"
        return _vql(name, self.text(values[0], found[0]), values[1]), "boolean"

    on_regexpilike = on_regexplike

    # -- functions with words inside

    def on_trim(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, own = self.value(node.this, scope)
        characters = _string(" ")
        if node.expression is not None and node.args.get("expression"):
            given, type_ = self.value(node.expression, scope)
            # Only the first character counts.
            characters = (
                _string(given.name[:1])
                if _is_text_literal(given)
                else _function("left", self.text(given, type_), exp.Literal.number("1"))
            )
        side = node.args.get("position") or "BOTH"
        name = {"BOTH": "btrim", "LEADING": "ltrim", "TRAILING": "rtrim"}[side]
        return _function(name, self.text(value, own), characters), "text"

    def on_substring(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, own = self.value(node.this, scope)
        start = (
            self.value(node.args["start"], scope)[0] if node.args.get("start") else exp.Literal.number("1")
        )
        length = [self.value(node.args["length"], scope)[0]] if node.args.get("length") else []
        return _vql("substr", self.text(value, own), start, *length), "text"

    def on_strposition(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values((node.args["substr"], node.this), scope)
        texts = [self.text(value, own) for value, own in zip(values, found, strict=True)]
        return _vql("position", *texts), "int"

    def on_extract(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.expression, scope)
        field_ = node.this.name.upper()
        if field_ in _FIELDS:
            return _vql(_FIELDS[field_], value), "long"
        return exp.Extract(this=exp.Var(this=field_), expression=value), None

    # -- compound values

    def on_bracket(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        if isinstance(node.this, Call) and form(node.this) == "brackets":
            return exp.Bracket(this=value, expressions=[self.value(node.expressions[0], scope)[0]]), None
        index = self.value(node.expressions[0], scope)[0]
        return exp.Paren(this=exp.Operator(this=self._json(value), operator="->", expression=index)), "array"

    def on_dot(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, _ = self.value(node.this, scope)
        if isinstance(node.expression, exp.Star):
            return exp.Dot(this=value, expression=exp.Star()), None
        inside = isinstance(node.parent, (exp.Dot, exp.Bracket))
        word = "->" if inside else "->>"
        key = _string(_name(node.expression))
        result = exp.Paren(this=exp.Operator(this=self._json(value), operator=word, expression=key))
        return result, "register" if inside else "text"

    @staticmethod
    def _json(value: Node) -> Node:
        while isinstance(value, exp.Paren) and isinstance(value.this, exp.Column):
            value = value.this
        return value

    # -- windows

    def over(self, node: Node, scope: _Scope) -> dict[str, object]:
        """What stands between the parentheses of an OVER."""
        parts: dict[str, object] = {}
        if node.args.get("alias"):
            parts["alias"] = _identifier(_name(node.args["alias"]))
        if node.args.get("partition_by"):
            parts["partition_by"] = self.values(node.args["partition_by"], scope)[0]
        if node.args.get("order"):
            parts["order"] = self.order(node.args["order"], scope)
        if node.args.get("spec"):
            parts["spec"] = self._generic(node.args["spec"], scope)
        return parts

    def order(self, node: Node, scope: _Scope) -> Node:
        """The ORDER BY of a window or an aggregate."""
        items = []
        for item in node.expressions:
            value, type_ = self.value(item.this, scope)
            desc = bool(item.args.get("desc"))
            first = item.args["nulls"] == "FIRST" if item.args.get("nulls") else desc
            value = _by_code_point(value) if type_ == "text" else value
            items.append(exp.Ordered(this=value, desc=desc or None, nulls_first=first))
        return exp.Order(expressions=items)

    def on_window(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
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
            return exp.Window(this=_function("string_agg", *arguments), over="OVER", **parts), "text"
        value, type_ = self.value(inner, scope)
        return exp.Window(this=value, over="OVER", **parts), type_

    def percentile(
        self, call: Node, order: Node, parts: dict[str, object], scope: _Scope
    ) -> tuple[Node, str | None]:
        """PERCENTILE_CONT or _DISC over a partition, which PostgreSQL has only as plain aggregates."""
        item = order.expressions[0]
        value, type_ = self.value(item.this, scope)
        continuous = call.name == "PERCENTILE_CONT"
        if continuous and type_ != "double":
            value, type_ = _cast(value, "double precision"), "double"
        collected = exp.Window(this=_function("array_agg", value), over="OVER", **parts)
        fraction = self.value(call.expressions[0], scope)[0]
        name = "percentile_cont_of" if continuous else "percentile_disc_of"
        return _vql(name, fraction, collected, exp.Boolean(this=bool(item.args.get("desc")))), type_

    def on_withingroup(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        call = node.this
        order = self.order(node.expression, scope)
        if isinstance(call, Call) and call.name == "LISTAGG":
            values, found = self.values(call.expressions, scope)
            values = [self.text(value, own) for value, own in zip(values, found, strict=True)]
            order.set("this", values[-1])
            return _function("string_agg", *values[:-1], order), "text"
        value, _ = self.value(call, scope)
        return exp.WithinGroup(this=value, expression=order), None

    def on_filter(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        value, type_ = self.value(node.this, scope)
        where = exp.Where(this=self.value(node.expression.this, scope)[0])
        return exp.Filter(this=value, expression=where), type_

    # -- calls

    def on_anonymous(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
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
        if kind == "row":
            return _vql("register", *values), "register"
        if kind == "array":
            return _function("jsonb_build_array", *values), "array"
        if kind in ("brackets", "list"):
            return exp.Array(expressions=values), None
        if node.name in _TEXT_ARGUMENTS:
            values = [
                self.text(value, own) if number in _TEXT_ARGUMENTS[node.name] else value
                for number, (value, own) in enumerate(zip(values, found_types, strict=True))
            ]
        if node.args.get("quantifier") == "DISTINCT":
            values = [exp.Distinct(expressions=values)]
        name = node.name.lower()
        if node.args.get("database"):
            schema = _name(node.args["database"])
            return _function(f"{self.schemas.get(schema, schema)}.{name}", *values), None
        if node.name in _WINDOW_ONLY:
            return _function(name, *values), found_types[0] if found_types else "long"
        return _vql(name, *values), _result_type(node.name, found_types)

    def _infix(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        if node.name == "CONTAINS":
            raise NotTranslatable("CONTAINS ne s'exécute que dans un index externe", node)
        listed = [
            value if own in ("text", "null") else _vql("to_text", value)
            for value, own in zip(values[1:], found[1:], strict=True)
        ]
        name = "similar" if node.name == "~" else node.name.lower()
        return _vql(name, self.text(values[0], found[0]), exp.Array(expressions=listed)), "boolean"

    def _call_count(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        if node.expressions and isinstance(node.expressions[0], exp.Star):
            return _function("count", exp.Star()), "long"
        values, _ = self.values(node.expressions, scope)
        if len(values) > 1:
            values = [exp.Tuple(expressions=values)]
        return _function("count", *self._quantified_arguments(node, values)), "long"

    @staticmethod
    def _quantified_arguments(node: Node, values: list[Node]) -> list[Node]:
        return [exp.Distinct(expressions=values)] if node.args.get("quantifier") == "DISTINCT" else values

    def _extreme(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        name = node.name.lower()
        if len(values) == 1:
            value = _by_code_point(values[0]) if found[0] == "text" else values[0]
            return _function(name, *self._quantified_arguments(node, [value])), found[0]
        return _vql(f"{name}_of", *values), types.joined(*found)

    _call_max = _call_min = _extreme

    def _call_sum(self, node: Node, scope: _Scope) -> tuple[Node, str | None] | None:
        return None if len(node.expressions) == 1 else self._folded(node, exp.Add, scope)

    def _call_mult(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        return self._folded(node, exp.Mul, scope)

    def _call_div(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        return self._folded(node, exp.Div, scope)

    def _call_subtract(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        return self._folded(node, exp.Sub, scope)

    def _folded(self, node: Node, type_: type[Node], scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        if not values:
            raise NotTranslatable(f"{node.name} sans paramètre", node)
        result, own = values[0], found[0]
        for value, other in zip(values[1:], found[1:], strict=True):
            result, own = self.combined(type_, _operand(result), own, _operand(value), other)
        return _paren(result), own

    def _call_coalesce(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        type_ = types.joined(*found)
        if type_ is None and "text" in found and None not in found:
            # Values of different types: the result is text.
            values = [self.text(value, own) for value, own in zip(values, found, strict=True)]
            type_ = "text"
        return _function("coalesce", *values), type_

    def _call_nullif(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        if len(values) != 2:
            raise NotTranslatable("NULLIF prend deux paramètres", node)
        first, second = values
        a, b = found
        if a in types.NUMBERS and b == "text":
            return _function("nullif", first, self.converted(second, "text", a)), a
        if a == "text" and b in types.NUMBERS:
            test = exp.EQ(this=self.converted(first, "text", b), expression=second)
            branch = exp.If(this=test, true=exp.Null())
            result = first.copy() if not _is_text_literal(first) else _cast(first.copy(), "text")
            return exp.Case(ifs=[branch], default=result), a
        if a == "text" and b == "text" and _is_text_literal(first):
            first = _cast(first, "text")
        if a in types.DATETIMES and b in types.DATETIMES and a != b:
            # The result is the first value, whatever type the comparison wanted.
            test = exp.EQ(this=first, expression=second)
            return exp.Case(ifs=[exp.If(this=test, true=exp.Null())], default=first.copy()), a
        if a in types.NUMBERS and b in types.NUMBERS and a != b:
            test = exp.EQ(this=first, expression=second)
            return exp.Case(ifs=[exp.If(this=test, true=exp.Null())], default=first.copy()), a
        return _function("nullif", first, second), a

    def _call_rownum(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        number: Node = exp.Window(this=_function("row_number"), over="OVER")
        if node.expressions:
            number = exp.Paren(
                this=exp.Add(this=number, expression=self.value(node.expressions[0], scope)[0])
            )
        return number, "long"

    def _call_group_concat(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        arguments = list(node.expressions)
        ignore_nulls = True
        rows, fields = _string(","), _string(" ")
        if len(arguments) > 3 and isinstance(arguments[0], exp.Boolean):
            ignore_nulls = bool(arguments.pop(0).this)
            rows = self.value(arguments.pop(0), scope)[0]
            fields = self.value(arguments.pop(0), scope)[0]
        elif len(arguments) > 1:
            rows = self.value(arguments.pop(0), scope)[0]
            if len(arguments) > 1 and _is_text_literal(arguments[0]):
                fields = self.value(arguments.pop(0), scope)[0]
        values, found = self.values(arguments, scope)
        # A NULL field makes the whole row NULL, which string_agg leaves out.
        texts = [
            value if own == "text" else _vql("to_text", value)
            for value, own in zip(values, found, strict=True)
        ]
        if not ignore_nulls:
            texts = [_function("coalesce", text, _string("")) for text in texts]
        row = texts[0]
        for text in texts[1:]:
            row = exp.DPipe(this=exp.DPipe(this=row, expression=fields.copy()), expression=text)
        if node.args.get("quantifier") == "DISTINCT":
            row = exp.Distinct(expressions=[row])
        return _function("string_agg", row, rows), "text"

    def _call_listagg(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        values, found = self.values(node.expressions, scope)
        texts = [self.text(value, own) for value, own in zip(values, found, strict=True)]
        return _function("string_agg", *texts), "text"

    def _call_is_projected_field(self, node: Node, scope: _Scope) -> tuple[Node, str | None]:
        wanted = node.expressions[0]
        select = node.find_ancestor(exp.Select)
        if isinstance(wanted, exp.Null):
            return exp.Boolean(this=False), "boolean"
        if select is None or not _is_text_literal(wanted):
            raise NotTranslatable("IS_PROJECTED_FIELD prend un nom entre apostrophes", node)
        names = {
            _name(column.this)
            for item in select.expressions
            for column in item.find_all(exp.Column)
            if not isinstance(column.this, exp.Star)
        }
        star = any(isinstance(item, exp.Star) for item in select.expressions)
        return exp.Boolean(this=star or wanted.name in names), "boolean"


def _operand(node: Node) -> Node:
    return exp.Paren(this=node) if isinstance(node, (exp.Binary, exp.Neg)) else node


def _by_code_point(node: Node) -> Node:
    """A text that compares and sorts by the Unicode value of its characters, as VQL compares."""
    if isinstance(node, (exp.Binary, exp.Case, exp.Window)):
        node = exp.Paren(this=node)
    return exp.Collate(this=node, expression=exp.Identifier(this="C", quoted=True))


def _is_plain(node: Node) -> bool:
    """Whether an ORDER BY item may follow a UNION or a DISTINCT in PostgreSQL."""
    return isinstance(node, exp.Literal) or (isinstance(node, exp.Column) and not node.args.get("table"))


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
    if name in ("STDEV", "STDEVP", "VAR", "VARP"):
        return "double"
    if name in ("FIRST", "LAST", "MEDIAN", "SUM", "ABS"):
        return first if first != "null" else None
    for function in FUNCTIONS.get(name, ()):
        result = function.result
        if result == "numeric":
            return types.joined(*arguments) if arguments else None
        if result in ("element", "datetime"):
            return next((type_ for type_ in arguments if type_ in types.DATETIMES), None)
        return result
    return None


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
) -> list[str]:
    """The PostgreSQL statements of a VQL script, in order.

    A VDP database becomes the schema of its name (or the one `schema_map` gives), which must exist; CONNECT
    DATABASE sets that of the names without one. CREATE VIEW becomes a view, or with `materialized` a
    materialized view; its folder and description become its comment. CREATE FOLDER gives
    nothing. A query stays a query. Raises VqlSyntaxError and NotTranslatable.
    """
    schemas = dict(schema_map or {})
    known = {name.lower(): dict(found) for name, found in (columns or {}).items()}
    database: str | None = None
    statements: list[str] = []
    for tree in parse(vql):
        if tree is None or (isinstance(tree, exp.Create) and tree.args["kind"] == "FOLDER"):
            continue
        if isinstance(tree, exp.Use):
            database = _name(tree.this.this)
            continue
        translator = _Translator(schemas, known, database)
        if isinstance(tree, exp.Create):
            statements += _view(translator, tree, materialized, known)
        else:
            statements.append(translator.statement(tree).sql(dialect="postgres", normalize_functions=False))
    return statements


def _view(
    translator: _Translator, tree: Node, materialized: bool, known: dict[str, dict[str, str]]
) -> list[str]:
    table = tree.this
    own = _name(table.this)
    database = _name(table.args["db"]) if table.args.get("db") else translator.database
    name = translator.view_name(table).sql(dialect="postgres")
    query, found = translator.query(tree.expression, _Scope())
    if found is not None:
        known[f"{database}.{own}" if database else own] = {column: type_ for column, type_ in found}  # type: ignore[misc]
    text = query.sql(dialect="postgres", normalize_functions=False)
    kind = "materialized view" if materialized else "view"
    replaced = []
    if tree.args.get("replace"):
        replaced = [f"drop materialized view if exists {name}"] if materialized else []
    create = "create or replace" if tree.args.get("replace") and not materialized else "create"
    statements = [*replaced, f"{create} {kind} {name} as {text}"]
    description = tree.args["description"].name if tree.args.get("description") else ""
    folder = tree.args["folder"].name if tree.args.get("folder") else ""
    comment = "\n".join(part for part in (description, f"Dossier : {folder}" if folder else "") if part)
    if comment:
        literal = comment.replace("'", "''")
        statements.append(f"comment on {kind} {name} is '{literal}'")
    return statements
