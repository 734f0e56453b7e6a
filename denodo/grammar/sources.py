"""Reads the tables of FROM and their joins.

Source: Denodo 7.0 manual, VQL guide, "FROM Clause" and its pages, "Dynamic Choice of Join Strategy".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

from sqlglot import exp

from denodo.grammar.conditions import Conditions
from denodo.lexer import Kind, Token, words_of
from denodo.tree import Call, Node, Scope, Source, kind, label, span

_METHODS = frozenset({"HASH", "NESTED", "MERGE", "PARALLEL", "ORDERED", "REVERSEORDER"})
_JOIN_WORDS = frozenset({"INNER", "LEFT", "RIGHT", "FULL", "NATURAL", "CROSS", "JOIN", "OUTER"})
_FOREIGN_JOINS = frozenset({"SEMI", "ANTI", "ASOF", "POSITIONAL", "STRAIGHT_JOIN", "APPLY"})
SET_WORDS = frozenset({"UNION", "EXCEPT", "INTERSECT", "MINUS"})
# What may follow an expression of SELECT, and so is no alias.
AFTER_FIELD = SET_WORDS | words_of(
    "FROM WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH INTO WINDOW QUALIFY CONTEXT TRACE FOR EXTENDED WITH"
)
_AFTER_TABLE = (
    (AFTER_FIELD - {"FROM", "INTO"}) | _JOIN_WORDS | _FOREIGN_JOINS | {"ON", "USING", "TABLESAMPLE", "SET"}
)


class Sources(Conditions):
    """The grammar of FROM."""

    def __init__(self, sql: str) -> None:
        """Begins at the start of a text."""
        super().__init__(sql)
        # The CTEs in sight, one table of names a query.
        self.named: list[dict[str, Node]] = [{}]

    def from_(self, select: Node, scope: Scope) -> None:
        """Reads what follows FROM."""
        first, joins = self._joined(scope)
        while self.at_sign(","):
            comma = self.take()
            source, others = self._joined(scope)
            joins += [self.place(exp.Join(this=source), comma, operator=","), *others]
        select.set("from_", exp.From(this=first))
        if joins:
            select.set("joins", joins)

    def _joined(self, scope: Scope) -> tuple[Node, list[Node]]:
        source = self._table(scope)
        joins = []
        while self._at_join():
            joins.append(self._join(scope))
        return source, joins

    def _at_join(self) -> bool:
        if self.at(*_JOIN_WORDS):
            return True
        if self.at(*_FOREIGN_JOINS):
            return self.at("JOIN", ahead=1) or self.at("STRAIGHT_JOIN")
        ahead = 0
        while self.at(*_METHODS, ahead=ahead):
            ahead += 1
        return ahead > 0 and self.at(*_JOIN_WORDS, ahead=ahead)

    def _join(self, scope: Scope) -> Node:
        begin = self.peek()
        words: list[Token] = []
        while self.at(*_METHODS, *_FOREIGN_JOINS, *(_JOIN_WORDS - {"JOIN"})):
            words.append(self.take())
        kinds = [word.value for word in words]
        foreign = [word for word in words if word.value in _FOREIGN_JOINS]
        if foreign:
            self.note("foreign join", words[0], foreign[-1].end)
        needs_condition = not {"NATURAL", "CROSS", "APPLY", "STRAIGHT_JOIN"} & set(kinds)
        word = begin if {"APPLY", "STRAIGHT_JOIN"} & set(kinds) else self.expect("JOIN")
        parallel = None
        if self.peek().kind is Kind.NUMBER:
            parallel = exp.Literal.number(self.take().value)
        node = exp.Join(
            this=self._table(scope),
            method="NATURAL" if "NATURAL" in kinds else None,
            side=next((one for one in kinds if one in {"LEFT", "RIGHT", "FULL"}), None),
            kind=" ".join(one for one in kinds if one in {"INNER", "OUTER", "CROSS"} | _FOREIGN_JOINS)
            or None,
            vql_hint=" ".join(one for one in kinds if one in _METHODS) or None,
            parallel=parallel,
        )
        node.meta["operator"] = " ".join([*kinds, "JOIN"])
        if not needs_condition:
            scope.merged |= "NATURAL" in kinds
            if self.accept("ON"):
                node.set("on", self._on())
            return self.place(node, begin)
        inner = []
        while self._at_join():
            nested = self.peek()
            inner.append(self._join(scope))
            if self.at("ON", "USING"):
                self.note("nested join", nested)
        if inner:
            node.this.set("joins", [*(node.this.args.get("joins") or []), *inner])
        if self.accept("ON"):
            condition = self._on()
            node.set("on", condition)
            scope.conditions.append(condition)
        elif self.accept("USING"):
            node.set("using", self.names_in_brackets())
            scope.merged = True
            if self.at("AS"):
                option = self.take()
                self.name()
                self.note("using as", option.start)
        else:
            self.note("join without condition", word)
        return self.place(node, begin)

    def _on(self) -> Node:
        with self.in_clause("on"):
            return self.tested(self.expression())

    def _table(self, scope: Scope) -> Node:
        lateral = self.accept("LATERAL")
        if lateral:
            self.note("lateral", lateral)
        if self.at("ONLY") and (self.at_name(1) or self.at_sign("(", ahead=1)):
            self.note("only", self.take())
        node = self._one_table(scope)
        if lateral is None:
            return node
        alias = node.args.pop("alias", None)
        return self.place(exp.Lateral(this=node, alias=alias, view=False, outer=False), lateral)

    def _one_table(self, scope: Scope) -> Node:
        start = self.peek()
        if self.at_sign("("):
            return self._bracketed_table(scope)
        if self.at("FLATTEN") and self.at_sign("(", ahead=1):
            return self._raw_call(scope, self.take(), "FLATTEN")
        if self.at("ROWS") and self.at("FROM", ahead=1):
            self.take()
            self.take()
            self.note("rows from", start)
            return self._raw_call(scope, start, "ROWS FROM")
        if self.at("VALUES"):
            return self.named_table(scope, self.values_table(), None, None)
        parts = self.table_parts()
        if self.at_sign("("):
            return self.named_table(scope, self._procedure(parts, start), None, None)
        if self.accept_sign("*"):
            self.note("table and star", start.start)
        node = self._table_node(parts, start)
        name = label(parts[-1])
        known = self._cte(name) if len(parts) == 1 else None
        return self.named_table(scope, node, name, known)

    def _raw_call(self, scope: Scope, start: Token, name: str) -> Node:
        inside = [exp.Var(this=self.skip_brackets())]
        call = self.place(Call(this=name, expressions=inside), start, plain=False)
        return self.named_table(scope, self.place(exp.Table(this=call), start), None, None)

    def _cte(self, name: str) -> Node | None:
        return next((known[name] for known in reversed(self.named) if name in known), None)

    def _table_node(self, parts: list[Node], start: Token) -> Node:
        names = dict(zip(("this", "db", "catalog"), reversed(parts), strict=False))
        return self.place(exp.Table(**names), start)

    def table_parts(self) -> list[Node]:
        """Reads the name of a table: its parts."""
        parts = [self.name()]
        while self.accept_sign("."):
            parts.append(self.name(any_word=True))
        if len(parts) > 2:
            self.note("name in parts", span(parts[0])[0], span(parts[-1])[1], count=len(parts))
        return parts

    def table_name(self) -> Node:
        """Reads the name of a table."""
        start = self.peek()
        return self._table_node(self.table_parts(), start)

    def _procedure(self, parts: list[Node], start: Token) -> Node:
        end = self.last_end
        with self.in_clause("from"):
            self.expect_sign("(")
            found, _ = self._arguments()
            self.expect_sign(")")
        call = Call(this=parts[-1].this.upper(), expressions=found)
        self.place(call, start, written=parts[-1].this, plain=False)
        if parts[-1].args.get("quoted"):
            call.set("quoted", True)
        self.note("table function", start, end, node=call)
        names = dict(zip(("db", "catalog"), reversed(parts[:-1]), strict=False))
        return self.place(exp.Table(this=call, **names), start)

    def _bracketed_table(self, scope: Scope) -> Node:
        start = self.peek()
        if self.at_query():
            query = self._query_table() if not self.at_sign("(", ahead=1) else self.attempt(self._query_table)
            if query is not None:
                return self.named_table(scope, query, None, query.this)
        self.expect_sign("(")
        source, joins = self._joined(scope)
        if joins:
            source.set("joins", [*(source.args.get("joins") or []), *joins])
        self.expect_sign(")")
        node = self.place(exp.Subquery(this=source, parenthesised=True), start)
        if self.at("AS") or (self.at_name() and self._is_table_alias()):
            word = self.peek()
            alias = self.alias(_AFTER_TABLE)
            if alias is not None:
                node.set("alias", self.place(exp.TableAlias(this=alias), word))
                self.note_of("alias of a join", alias)
        return node

    def _query_table(self) -> Node:
        start = self.expect_sign("(")
        query = self.query("from")
        self.expect_sign(")")
        self.note_of("columns named by the author", query)
        return self.place(exp.Subquery(this=query), start)

    def named_table(self, scope: Scope, node: Node, name: str | None, query: Node | None) -> Node:
        """Reads what may follow a table: ordinality, sampling, an alias and names of columns."""
        if self.at_words("WITH", "ORDINALITY"):
            word = self.take()
            self.note("ordinality", word, self.take().end)
            node.set("ordinality", True)
        self._sample()
        word = self.peek()
        if self.at("AS") or self._is_table_alias():
            alias = self.alias(_AFTER_TABLE)
            columns: list[Node] = []
            if alias is not None:
                name = label(alias)
            if self.at_sign("("):
                begin, first = self.peek().start, self.index
                self.skip_brackets()
                self.note("columns of an alias", begin)
                columns = self._names_among(self.tokens[first : self.index])
                query = None
            if alias is not None:
                node.set("alias", self.place(exp.TableAlias(this=alias, columns=columns), word))
        elif word.kind is Kind.TEXT:
            alias = self.alias(_AFTER_TABLE)
            if alias is not None:
                node.set("alias", self.place(exp.TableAlias(this=alias), word))
        self._sample()
        scope.sources.append(Source(name, query))
        return self.place(node, node)

    def _names_among(self, tokens: list[Token]) -> list[Node]:
        """The names that follow a bracket or a comma; a type may follow each."""
        return [
            self.identifier(token)
            for before, token in pairwise(tokens)
            if before.value in {"(", ","} and token.kind in (Kind.WORD, Kind.QUOTED)
        ]

    def _is_table_alias(self) -> bool:
        if not self.at_name() or self.at(*_AFTER_TABLE):
            return False
        return not self._at_join()

    def _sample(self) -> None:
        if self.at("TABLESAMPLE"):
            word = self.take()
            self.name(any_word=True)
            self.skip_brackets()
            if self.accept("REPEATABLE"):
                self.skip_brackets()
            self.note("sample", word)

    def tested(self, node: Node) -> Node:
        """A condition: a boolean column will do, a subquery or several values will not."""
        return self.value(node) if kind(node) in {"subquery", "tuple"} else node

    def alias(self, stop: frozenset[str]) -> Node | None:
        """Reads `[as] alias` when there is one."""
        explicit = self.accept("AS")
        token = self.peek()
        if token.kind is Kind.TEXT and (explicit or self.last_end < token.start):
            self.take()
            self.note("alias between apostrophes", token, token=token)
            return self.identifier(token)
        if explicit:
            return self.name(any_word=True)
        if token.kind is Kind.QUOTED or (
            token.kind is Kind.WORD and token.value not in stop and self.at_name()
        ):
            return self.name()
        return None

    def names_in_brackets(self) -> list[Node]:
        """Reads `(name, …)`."""
        self.expect_sign("(")
        names = [self.name(any_word=True)]
        while self.accept_sign(","):
            names.append(self.name(any_word=True))
        self.expect_sign(")")
        return names

    def values_table(self) -> Node:
        """Reads VALUES where a query stands."""
        word = self.take()
        self.note("values", word)
        rows = []
        while True:
            start = self.expect_sign("(")
            found = self.values()
            self.expect_sign(")")
            rows.append(self.place(exp.Tuple(expressions=found), start))
            if not self.accept_sign(","):
                return self.place(exp.Values(expressions=rows), word)

    @contextmanager
    def in_clause(self, clause: str) -> Iterator[None]:
        """What is read meanwhile belongs to a clause."""
        before = self.clause, self.nested
        self.clause, self.nested = clause, 0
        try:
            yield
        finally:
            self.clause, self.nested = before
