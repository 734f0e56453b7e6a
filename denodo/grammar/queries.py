"""Reads queries.

Source: Denodo 7.0 manual, VQL guide, "Queries: SELECT Statement" and its pages.
"""

from __future__ import annotations

from sqlglot import exp

from denodo.grammar.sources import AFTER_FIELD, SET_WORDS, Sources
from denodo.lexer import Kind, Token
from denodo.tree import Call, Node, Scope, alone, kind, label

_SETS: dict[str, type[Node]] = {
    "UNION": exp.Union,
    "MINUS": exp.Except,
    "EXCEPT": exp.Except,
    "INTERSECT": exp.Intersect,
}


class Queries(Sources):
    """The grammar of SELECT."""

    def query(self, level: str) -> Node:
        """Reads a query.

        Args:
            level: top, cte, from, where, exists, or branch for a bracketed part of a UNION.
        """
        before = self.clause, self.nested, self.pending
        self.nested, self.pending = 0, []
        self.named.append({})
        start = self.peek()
        try:
            with_ = self._with(level) if self.at("WITH") else None
            if with_ is not None and self.at("INSERT", "UPDATE", "DELETE", "MERGE"):
                return self._changed(start)
            node = self._combined()
            if with_ is not None:
                node.set("with_", with_)
            modifiers: list[str] = []
            if self.at_words("ORDER", "BY"):
                word = self.take()
                with self.in_clause("order"):
                    order = self.order(word)
                if level == "branch":
                    self.note("sorted branch", word)
                node.set("order", order)
                modifiers.append("order")
                self.note_of("sorted query", order, query=node, select=alone(node))
                for item in order.expressions:
                    item.meta["select"] = alone(node)
            self._limits(node, level, modifiers)
            self.ending(node, modifiers)
            return self.place(node, start, modifiers=modifiers)
        finally:
            self.named.pop()
            self.clause, self.nested, self.pending = before

    def _changed(self, start: Token) -> Node:
        """WITH before a statement that changes data."""
        word = self.peek()
        self.note("with before a change", word)
        while not self.at_end():
            self.take()
        return self.place(exp.Command(this=word.value, expression=""), start)

    def _with(self, level: str) -> Node:
        word = self.take()
        if level != "top":
            self.note("with inside", word)
        recursive = self.at("RECURSIVE")
        if recursive:
            self.note("recursive", self.take())
        tables = []
        while True:
            tables.append(self._common_table())
            if not self.accept_sign(","):
                return self.place(exp.With(expressions=tables, recursive=recursive), word)

    def _common_table(self) -> Node:
        start = self.peek()
        name = self.name()
        columns = self.names_in_brackets() if self.at_sign("(") else []
        alias = self.place(exp.TableAlias(this=name, columns=columns), start)
        self.expect("AS")
        materialized = None
        if self.at("MATERIALIZED") or self.at_words("NOT", "MATERIALIZED"):
            begin = self.peek()
            materialized = not self.accept("NOT")
            end = self.take().end
            self.note("materialized", begin, end, follows=self.peek().start)
        if self.at("INSERT", "UPDATE", "DELETE", "MERGE", ahead=1):
            change = self.peek(1)
            query: Node = exp.Command(this=change.value, expression=self.skip_brackets())
            self.note("cte that changes", change)
        else:
            self.expect_sign("(")
            query = self.query("cte")
            self.expect_sign(")")
            if not columns:
                self.note_of("columns named by the author", query)
        node = self.place(exp.CTE(this=query, alias=alias, materialized=materialized), start)
        self.named[-1][label(name)] = node
        if self.at("SEARCH", "CYCLE"):
            self.note("cte option", self.peek(), word=self.take())
            while not self.at_sign(",") and not self.at("SELECT") and not self.at_end():
                self.take()
        return node

    # ------------------------------------------------------------- combined queries

    def _combined(self) -> Node:
        first = self._branch()
        parts: list[tuple[Node, dict[str, bool | None], str]] = []
        while self.at(*SET_WORDS) or self.at_words("EXTENDED", "UNION"):
            extended = self.accept("EXTENDED") is not None
            word = self.take()
            every = self.accept("ALL")
            distinct = None if every else self.accept("DISTINCT")
            quantifier, end = every or distinct, self.last_end
            by_name = self.at_words("BY", "NAME") or self.at("CORRESPONDING")
            if by_name:
                begin = self.peek()
                self.note("by name", begin, (self.accept("BY", "NAME") or self.take()).end)
            self.note("set operation", word, end, word=word, quantifier=quantifier, extended=extended)
            begin = self.peek()
            branch = self._branch()
            if not extended:
                self.note("branches", begin, word=word, first=first, branch=branch)
            options = {
                "distinct": every is None,
                "by_name": by_name or None,
                "extended": extended or None,
                "spelled_distinct": distinct is not None or None,
            }
            parts.append((branch, options, word.value))
        return self._fold(first, parts)

    def _fold(self, first: Node, parts: list[tuple[Node, dict[str, bool | None], str]]) -> Node:
        """Builds the tree of UNION, MINUS and INTERSECT, of which the last binds tightest."""
        start = first.meta["at"]
        operands, waiting = [first], []
        for branch, options, word in parts:
            if word == "INTERSECT":
                operands[-1] = exp.Intersect(this=operands[-1], expression=branch, **options)
                operands[-1].meta["at"] = start
            else:
                operands.append(branch)
                waiting.append((word, options))
        node = operands[0]
        for branch, (word, options) in zip(operands[1:], waiting, strict=True):
            node = _SETS[word](this=node, expression=branch, **options)
            node.meta["at"] = start
        return node

    def _branch(self) -> Node:
        start = self.peek()
        if self.at("SELECT"):
            return self._select()
        if self.at("VALUES"):
            return self.values_table()
        if self.at("TABLE") and self.at_name(ahead=1):
            self.note("table as a query", self.take())
            name = self.name()
            from_ = exp.From(this=exp.Table(this=name))
            return self.place(exp.Select(expressions=[exp.Star()], from_=from_), start, unknown=True)
        if self.at_sign("("):
            self.take()
            query = self.query("branch")
            self.expect_sign(")")
            return self.place(exp.Subquery(this=query), start)
        self.fail("`select` était attendu")
        raise AssertionError

    # ----------------------------------------------------------------------- SELECT

    def _select(self) -> Node:
        word = self.take()
        outer, self.pending = self.pending, []
        node, scope = exp.Select(), Scope()
        if self.at("ALL"):
            option = self.take()
            node.set("quantifier", "ALL")
            self.note("select all", option, follows=self.peek().start)
        if self.at("DISTINCT"):
            self._distinct(node)
        elif self.at("TOP") and (self.peek(1).kind is Kind.NUMBER or self.at_sign("(", ahead=1)):
            option = self.take()
            self.operand()
            self.note("select top", option.start)
        with self.in_clause("select"):
            node.set("expressions", self.fields())
        if self.at("INTO"):
            self.note("into", self.peek())
            self.take()
            while self.at("TEMPORARY", "TEMP", "UNLOGGED", "TABLE"):
                self.take()
            node.set("into", exp.Into(this=self.table_name()))
        if self.accept("FROM"):
            with self.in_clause("from"):
                self.from_(node, scope)
        if self.at("WHERE"):
            start = self.take()
            with self.in_clause("where"):
                condition = self.tested(self.expression())
            scope.conditions.append(condition)
            node.set("where", self.place(exp.Where(this=condition), start))
        if self.at_words("GROUP", "BY"):
            node.set("group", self._group(node))
        if self.at("HAVING"):
            start = self.take()
            if node.args.get("group") is None:
                self.note("having without group", start)
            with self.in_clause("having"):
                node.set("having", self.place(exp.Having(this=self.tested(self.expression())), start))
        self._windows(node)
        for expression in self.pending:
            expression.meta["select"] = node
        self.pending = outer
        return self.place(node, word, scope=scope)

    def _distinct(self, node: Node) -> None:
        word = self.take()
        distinct = exp.Distinct()
        if self.at("ON") and self.at_sign("(", ahead=1):
            self.note("distinct on", word, self.take().end)
            self.expect_sign("(")
            distinct.set("on", exp.Tuple(expressions=self.values()))
            self.expect_sign(")")
        node.set("distinct", self.place(distinct, word))

    def fields(self) -> list[Node]:
        """Reads what stands between SELECT and FROM."""
        found = [self._field()]
        while self.accept_sign(","):
            found.append(self._field())
        return found

    def _field(self) -> Node:
        if self.at_sign("*"):
            return self.place(exp.Star(), self.take())
        if self.at_name() and self._qualified_star():
            return self._star_of_table()
        node = self.expression()
        if kind(node) in {"subquery", "tuple"}:
            self.value(node)
        elif kind(node) == "condition":
            self.note_of("projected condition", node)
        alias = self.alias(AFTER_FIELD)
        return node if alias is None else self.place(exp.Alias(this=node, alias=alias), node)

    def _qualified_star(self) -> bool:
        ahead = 0
        while self.at_name(ahead) and self.at_sign(".", ahead=ahead + 1):
            if self.at_sign("*", ahead=ahead + 2):
                return True
            ahead += 2
        return False

    def _star_of_table(self) -> Node:
        start = self.peek()
        parts = [self.name()]
        while self.accept_sign(".") and not self.at_sign("*"):
            parts.append(self.name())
        star = self.place(exp.Star(), self.expect_sign("*"))
        names = dict(zip(("table", "db", "catalog"), reversed(parts), strict=False))
        return self.place(exp.Column(this=star, **names), start)

    def _group(self, select: Node) -> Node:
        start = self.take()
        self.expect("BY")
        node = exp.Group(expressions=[])
        items: list[Node] = []
        with self.in_clause("group"):
            if self.at("ALL", "DISTINCT"):
                word = self.take()
                self.note("group by sets", word, said=f"GROUP BY {word.value}")
                if self.at_end() or self.at(*AFTER_FIELD) or self.at_sign(")"):
                    return self.place(node, start)
            while True:
                items.append(self._group_item(select))
                if self.at_words("WITH", "ROLLUP") or self.at_words("WITH", "CUBE"):
                    begin = self.take()
                    last = self.take()
                    node.set("with_word", last.value)
                    self.note("group by sets", begin, last.end, said="WITH ROLLUP")
                if not self.accept_sign(","):
                    node.set("expressions", items)
                    return self.place(node, start)

    def _group_item(self, select: Node) -> Node:
        token = self.peek()
        if self.at("ROLLUP", "CUBE") and self.at_sign("(", ahead=1):
            self.take()
            self.note("group by sets", token, said=token.value)
            call = Call(this=token.value, expressions=[exp.Var(this=self.skip_brackets())])
            return self.place(call, token, plain=False)
        if self.at_words("GROUPING", "SETS"):
            self.take()
            self.note("group by sets", token, self.take().end, said="GROUPING SETS")
            inner = exp.Var(this=self.skip_brackets())
            return self.place(Call(this="GROUPING SETS", expressions=[inner], form="grouping"), token)
        if self.at_sign("(") and self.at_sign(")", ahead=1):
            self.take()
            self.take()
            self.note("empty group", token, self.last_end)
            return self.place(exp.Tuple(expressions=[]), token)
        item = self.expression()
        if kind(item) == "tuple":
            self.note_of("group by a row", item)
        else:
            self.value(item)
        if kind(item) == "number":
            self.note_of("group by a position", item, select=select)
        return item

    def _windows(self, select: Node) -> None:
        if self.at("WINDOW") and self.at("AS", ahead=2):
            word = self.take()
            windows = []
            while True:
                start = self.peek()
                window = exp.Window(this=self.name())
                self.expect("AS")
                self.window(window)
                windows.append(self.place(window, start))
                if not self.accept_sign(","):
                    break
            select.set("windows", windows)
            self.note("windows", word)
        if self.at("QUALIFY"):
            word = self.take()
            with self.in_clause("where"):
                select.set("qualify", self.place(exp.Qualify(this=self.expression()), word))
            self.note("qualify", word)

    # -------------------------------------------------------------------- the endings

    def order(self, word: Token) -> Node:
        """Reads BY and what follows it."""
        self.expect("BY")
        items = [self._ordered()]
        while self.accept_sign(","):
            items.append(self._ordered())
        return self.place(exp.Order(expressions=items), word)

    def _ordered(self) -> Node:
        start = self.peek()
        value = self.value(self.expression())
        direction = nulls = None
        if self.at("ASC", "DESC"):
            direction = self.take().value
        elif self.at("USING"):
            word = self.take()
            sign = self.take()
            self.note("order using", word, sign.end, sign=sign.value)
        node = exp.Ordered(this=value, desc=direction == "DESC" or None, direction=direction)
        if self.at("NULLS") and self.at("FIRST", "LAST", ahead=1):
            word = self.take()
            nulls = self.take().value
            node.set("nulls", nulls)
            self.part(node, "nulls", word.start)
        node.set("nulls_first", nulls == "FIRST" if nulls else direction == "DESC")
        return self.place(node, start)

    def _limits(self, node: Node, level: str, modifiers: list[str]) -> None:
        first: Token | None = None
        limited: Token | None = None
        spans: dict[str, tuple[int, int]] = {}
        swapped = False
        while self.at("LIMIT", "OFFSET", "FETCH"):
            word = self.take()
            first = first or word
            if word.value == "OFFSET":
                swapped = swapped or limited is not None
                count = self._amount(word)
                rows = self.take().value if self.at("ROW", "ROWS") else None
                node.set("offset", self.place(exp.Offset(expression=count, rows=rows), word))
            else:
                limited = limited or word
                limit = self._fetch() if word.value == "FETCH" else self._limit(node, word)
                node.set("limit", self.place(limit, word))
            spans[word.value] = (word.start, self.last_end)
            modifiers.append(word.value.lower())
            self.part(node, word.value.lower(), word.start)
        if first is not None:
            self.note(
                "limits", first.start, level=level, first=first, limited=limited, swapped=swapped, spans=spans
            )

    def _limit(self, node: Node, word: Token) -> Node:
        if self.at_end() or self.at_sign(")") or self.at(*AFTER_FIELD):
            return exp.Limit(expression=None)
        count = self._amount(word)
        if self.at_sign(","):
            node.set("offset", exp.Offset(expression=count))
            count = self._amount(self.take())
            self.note("limit and comma", word.start)
        return exp.Limit(expression=count)

    def _amount(self, word: Token) -> Node:
        if self.at("ALL"):
            self.take()
            count: Node = exp.Var(this="ALL")
        else:
            count = self.operand()
        if kind(count) != "number" or not self._digits(count):
            self.note("amount", word.start, word=word)
        return count

    @staticmethod
    def _digits(count: Node) -> bool:
        while isinstance(count, (exp.Paren, exp.Neg, exp.Collate)):
            count = count.this
        written: str = count.meta["raw"]
        return written.isdigit()

    def _fetch(self) -> Node:
        if not self.at("FIRST", "NEXT"):
            self.fail("`first` ou `next` était attendu après `fetch`")
        direction = self.take().value
        count = None
        if not self.at("ROW", "ROWS"):
            count = self._amount(self.tokens[self.index - 2])
        if self.at("PERCENT"):
            self.note("percent", self.take())
        if not self.at("ROW", "ROWS"):
            self.fail("`row` ou `rows` était attendu après `fetch`")
        self.take()
        if self.at_words("WITH", "TIES"):
            word = self.take()
            self.note("with ties", word, self.take().end)
        else:
            self.expect("ONLY")
        return exp.Fetch(direction=direction, count=count)

    def ending(self, node: Node, modifiers: list[str]) -> None:
        """Reads locks, CONTEXT and TRACE."""
        while self.at("FOR") and self.at("UPDATE", "SHARE", "NO", "KEY", ahead=1):
            word = self.take()
            while not (self.at_end() or self.at_sign(")") or self.at("FOR", "CONTEXT", "TRACE")):
                self.take()
            self.note("lock", word.start)
            node.set("locks_text", self.sql[word.start : self.last_end].upper())
            modifiers.append("locks")
        if self.at("CONTEXT") and self.at_sign("(", ahead=1):
            word = self.take()
            node.set("context", self.place(exp.Var(this=self.skip_brackets()), word))
            modifiers.append("context")
        if self.accept("TRACE"):
            node.set("trace", True)
            modifiers.append("trace")
