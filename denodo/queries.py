"""Reads the queries of VQL and their sources (see denodo.parser)."""

from __future__ import annotations

from sqlglot import exp

from denodo.cursor import words_of
from denodo.expressions import NO_OPERAND, _Expressions
from denodo.lexer import Token
from denodo.tree import Call

# Words that end an expression or a source, so they are no alias unless AS stands before them.
_STOP = words_of(
    """
    FROM WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH UNION MINUS INTERSECT EXCEPT ON USING JOIN INNER
    LEFT RIGHT FULL CROSS NATURAL CONTEXT TRACE WINDOW QUALIFY AS SET RETURNING FOR WITH AND OR NOT
    SELECT WHEN THEN ELSE END IN IS LIKE ILIKE BETWEEN REGEXP_LIKE REGEXP_ILIKE CONTAINS CONTAINSAND
    CONTAINSOR ISCONTAINED ESCAPE SIMILAR ASC DESC NULLS COLLATE EXTENDED INTO LATERAL TABLESAMPLE CASE
    EXISTS ISNULL NOTNULL OVERLAPS XMLEXISTS
    """
)
_AFTER_QUERY = words_of(") UNION MINUS INTERSECT EXCEPT ORDER LIMIT OFFSET FETCH EXTENDED CONTEXT")
_HINTS = words_of("HASH NESTED MERGE ORDERED REVERSEORDER PARALLEL")
_JOIN_WORDS = words_of("INNER LEFT RIGHT FULL OUTER CROSS NATURAL JOIN")


class _Queries(_Expressions):
    """The part of the parser that reads queries."""

    # ------------------------------------------------------------------ queries

    def query_ahead(self) -> bool:
        """Whether a query follows, possibly within parentheses."""
        number = 0
        while self.ahead(number).upper == "(":
            number += 1
        word = self.ahead(number).upper
        if word not in ("SELECT", "WITH", "VALUES"):
            return False
        if number == 0:
            return word != "VALUES" or self.ahead(1).upper == "("
        # `((select 1) + 2)` is an expression: what follows the innermost parentheses tells.
        return number == 1 or self._closes_as_query(number)

    def _closes_as_query(self, opened: int) -> bool:
        position = self.index + opened
        depth = opened
        while depth and self.tokens[position].kind != "end":
            text = self.tokens[position].upper
            depth += {"(": 1, ")": -1}.get(text, 0)
            if text == ")" and depth:
                follower = self.tokens[position + 1].upper
                if depth < opened and follower not in _AFTER_QUERY:
                    return False
            position += 1
        return True

    def query(self) -> exp.Expression:
        first = self.token
        with_ = self.with_clause() if self.at("WITH") else None
        node = self.set_operations()
        if with_ is not None:
            node.set("with_", with_)
            self.part(node, "with", first, self.tokens[with_.meta["last"]])
        self.modifiers(node)
        return self.mark(node, first)

    def with_clause(self) -> exp.Expression:
        first = self.expect("WITH")
        recursive = self.take("RECURSIVE")
        tables = [self.common_table()]
        while self.take(","):
            tables.append(self.common_table())
        node = exp.With(expressions=tables, recursive=recursive)
        return self.mark(node, first, last=self.index - 1)

    def common_table(self) -> exp.Expression:
        first = self.token
        name = self.identifier()
        columns = self.parenthesised(self.identifier) if self.at("(") else []
        alias = self.mark(exp.TableAlias(this=name, columns=columns), first)
        self.expect("AS")
        materialized = None
        if self.at("MATERIALIZED") or self.at("NOT", "MATERIALIZED"):
            materialized = not self.take("NOT")
            self.advance()
        self.expect("(")
        query = self.query() if self.query_ahead() else self.statement()
        self.expect(")")
        return self.mark(exp.CTE(this=query, alias=alias, materialized=materialized), first)

    def set_operations(self) -> exp.Expression:
        left = self.intersections()
        while self.at_any("UNION", "MINUS", "EXCEPT") or self.at("EXTENDED", "UNION"):
            word = self.token
            extended = self.take("EXTENDED")
            kind = self.advance().upper
            every = self.take("ALL")
            distinct = not every and self.take("DISTINCT")
            words = self.words(word)
            last = self.last
            by_name = self.take("BY", "NAME")
            right = self.intersections()
            types = {"UNION": exp.Union, "MINUS": exp.Except, "EXCEPT": exp.Except}
            node = types[kind](
                this=left,
                expression=right,
                distinct=not every,
                by_name=by_name or None,
                extended=extended or None,
                spelled_distinct=distinct or None,
            )
            self.part(node, "operator", word, last)
            left = self.mark(node, left, operator=words)
        return left

    def intersections(self) -> exp.Expression:
        left = self.query_term()
        while self.at("INTERSECT"):
            word = self.advance()
            every = self.take("ALL")
            if not every:
                self.take("DISTINCT")
            words, last = self.words(word), self.last
            node = exp.Intersect(this=left, expression=self.query_term(), distinct=not every)
            self.part(node, "operator", word, last)
            left = self.mark(node, left, operator=words)
        return left

    def query_term(self) -> exp.Expression:
        first = self.token
        if self.take("("):
            inner = self.query()
            self.expect(")")
            return self.mark(exp.Subquery(this=inner), first)
        if self.at("VALUES"):
            return self.values()
        if self.at("TABLE"):
            self.advance()
            node = exp.Select(expressions=[exp.Star()], from_=exp.From(this=self.table_name()))
            return self.mark(node, first, table_command=True)
        if self.at("SELECT"):
            return self.select()
        self.fail("« SELECT » attendu")
        raise AssertionError

    def values(self) -> exp.Expression:
        first = self.expect("VALUES")

        def row() -> exp.Expression:
            start = self.token
            return self.mark(exp.Tuple(expressions=self.parenthesised(self.expression)), start)

        rows = [row()]
        while self.take(","):
            rows.append(row())
        return self.mark(exp.Values(expressions=rows), first)

    def select(self) -> exp.Expression:
        first = self.expect("SELECT")
        node = exp.Select()
        clause = self.token
        if self.take("DISTINCT"):
            if self.take("ON"):
                on = self.mark(exp.Tuple(expressions=self.parenthesised(self.expression)), clause)
                node.set("distinct", self.mark(exp.Distinct(on=on), clause))
                self.part(node, "distinct on", clause)
            else:
                node.set("distinct", self.mark(exp.Distinct(), clause))
            self.part(node, "distinct", clause)
        elif self.at("ALL") and self.ahead().upper not in (",", "."):
            self.advance()
            node.set("quantifier", "ALL")
            self.part(node, "all", clause)
        if not self.at("FROM"):
            fields = [self.field()]
            while self.take(","):
                fields.append(self.field())
            node.set("expressions", fields)
        clause = self.token
        if self.take("INTO"):
            self.take("TEMPORARY") or self.take("TEMP")
            self.take("TABLE")
            node.set("into", self.mark(exp.Into(this=self.table_name()), clause))
            self.part(node, "into", clause)
        if self.at("FROM"):
            self.from_clause(node)
        while True:
            clause = self.token
            if self.take("WHERE"):
                node.set("where", self.mark(exp.Where(this=self.condition()), clause))
                self.part(node, "where", clause)
            elif self.take("GROUP", "BY"):
                node.set("group", self.group(clause))
                self.part(node, "group", clause)
            elif self.take("HAVING"):
                node.set("having", self.mark(exp.Having(this=self.condition()), clause))
                self.part(node, "having", clause)
            elif self.at("WINDOW") and self.ahead(2).upper == "AS":
                self.advance()
                node.set("windows", self.comma(self.named_window))
                self.part(node, "window", clause)
            elif self.take("QUALIFY"):
                node.set("qualify", self.mark(exp.Qualify(this=self.condition()), clause))
                self.part(node, "qualify", clause)
            else:
                break
        return self.mark(node, first)

    def field(self) -> exp.Expression:
        first = self.token
        if self.at("*"):
            self.advance()
            return self.mark(exp.Star(), first)
        node = self.condition()
        return self.aliased(node)

    def aliased(self, node: exp.Expression) -> exp.Expression:
        clause = self.token
        if self.take("AS"):
            name = self.identifier(strings=True)
        elif (self.token.kind == "word" and self.token.upper not in _STOP) or self.token.kind == "quoted":
            name = self.identifier()
        elif (
            self.token.kind == "string" and not self.token.prefix and self.ahead().upper in (",", "FROM", ")")
        ):
            name = self.identifier(strings=True)
        else:
            return node
        alias = exp.Alias(this=node, alias=name)
        self.part(alias, "alias", clause)
        return self.mark(alias, node, **({"as": True} if clause.upper == "AS" else {}))

    def group(self, first: Token) -> exp.Expression:
        self.take("DISTINCT") or self.take("ALL")

        def item() -> exp.Expression:
            start = self.token
            if self.take("GROUPING", "SETS"):
                arguments = self.parenthesised(self.expression)
                return self.mark(Call(this="GROUPING SETS", expressions=arguments, form="grouping"), start)
            return self.expression()

        node = exp.Group(expressions=self.comma(item))
        start = self.token
        if self.at("WITH") and self.ahead().upper in ("ROLLUP", "CUBE"):
            self.advance()
            node.set("with_word", self.advance().upper)
            self.part(node, "with", start)
        return self.mark(node, first)

    def named_window(self) -> exp.Expression:
        first = self.token
        name = self.identifier()
        self.expect("AS")
        node = self.window_body(exp.Window(this=name))
        return self.mark(node, first)

    def modifiers(self, node: exp.Expression) -> None:
        """ORDER BY, OFFSET, LIMIT, FETCH, CONTEXT, TRACE and PostgreSQL's FOR UPDATE, in any order."""
        order: list[str] = node.meta.setdefault("modifiers", [])
        while True:
            clause = self.token
            if self.take("ORDER", "BY"):
                name = "order"
                node.set("order", self.mark(exp.Order(expressions=self.comma(self.ordered)), clause))
            elif self.take("LIMIT"):
                name = "limit"
                count = None
                if self.take("ALL"):
                    count = exp.Var(this="ALL")
                elif self.token.kind in ("number", "string") or self.at_any("(", "-", "+", ":", "?", "@"):
                    count = self.expression()
                    if self.take(","):  # MySQL's LIMIT offset, count
                        node.meta["limit_comma"] = True
                        node.set("offset", exp.Offset(expression=count))
                        count = self.expression()
                node.set("limit", self.mark(exp.Limit(expression=count), clause))
            elif self.at("OFFSET") and self.ahead().kind in ("number", "operator"):
                self.advance()
                name = "offset"
                count = self.expression()
                rows = self.take_any("ROW", "ROWS")
                node.set("offset", self.mark(exp.Offset(expression=count, rows=rows or None), clause))
            elif self.at("FETCH") and self.ahead().upper in ("FIRST", "NEXT"):
                self.advance()
                name = "fetch"
                direction = self.advance().upper
                count = self.expression() if not self.at_any("ROW", "ROWS") else None
                if not self.take_any("ROW", "ROWS"):
                    self.fail("« ROWS » attendu")
                if self.take("WITH", "TIES"):
                    node.meta["with_ties"] = True
                else:
                    self.expect("ONLY")
                node.set("limit", self.mark(exp.Fetch(direction=direction, count=count), clause))
            elif self.at("FOR") and self.ahead().upper in ("UPDATE", "SHARE", "NO", "KEY"):
                name = "locks"
                while self.token.kind != "end" and not self.at_any(";", ")"):
                    self.advance()
                node.set("locks_text", self.words(clause))
            elif self.at("CONTEXT") and self.ahead().upper == "(":
                name = "context"
                self.advance()
                node.set("context", self.mark(exp.Var(this=self.raw_parentheses()), clause))
            elif self.take("TRACE"):
                name = "trace"
                node.set("trace", True)
            else:
                break
            order.append(name)
            self.part(node, name, clause)
        if order and "at" in node.meta:
            self.mark(node, node)

    def ordered(self) -> exp.Expression:
        first = self.token
        value = self.condition()
        if self.take("USING"):
            self.advance()
        direction = self.take_any("ASC", "DESC")
        desc = direction == "DESC"
        node = exp.Ordered(this=value, desc=desc or None, nulls_first=desc, direction=direction or None)
        clause = self.token
        if self.take("NULLS"):
            where = self.take_any("FIRST", "LAST")
            if not where:
                self.fail("« FIRST » ou « LAST » attendu")
            node.set("nulls", where)
            node.set("nulls_first", where == "FIRST")
            self.part(node, "nulls", clause)
        return self.mark(node, first)

    # ------------------------------------------------------------------ sources

    def from_clause(self, node: exp.Expression) -> None:
        first = self.expect("FROM")
        source = self.source()
        node.set("from_", self.mark(exp.From(this=source), first))
        joins = self.joins()
        if joins:
            node.set("joins", joins)
        self.part(node, "from", first)

    def joins(self, commas: bool = True) -> list[exp.Expression]:
        found: list[exp.Expression] = []
        while True:
            first = self.token
            if commas and self.take(","):
                found.append(self.mark(exp.Join(this=self.source()), first, operator=","))
                self.part(found[-1], "operator", first, first)
                continue
            join = self.join()
            if join is None:
                return found
            found.append(join)

    def join_ahead(self) -> bool:
        number = 0
        while self.ahead(number).upper in _HINTS | _JOIN_WORDS:
            if self.ahead(number).upper == "JOIN":
                return True
            number += 1
        return False

    def join(self) -> exp.Expression | None:
        if not self.join_ahead():
            return None
        first = self.token
        hints: list[str] = []
        method = side = kind = None
        while not self.at("JOIN"):
            word = self.advance().upper
            if word in _HINTS:
                hints.append(word)
            elif word == "NATURAL":
                method = word
            elif word in ("LEFT", "RIGHT", "FULL"):
                side = word
            else:
                kind = f"{kind} {word}" if kind else word
        self.expect("JOIN")
        last = self.last
        parallel = exp.Literal.number(self.advance().text) if self.token.kind == "number" else None
        node = exp.Join(
            this=self.source(single=True),
            method=method,
            side=side,
            kind=kind,
            vql_hint=" ".join(hints) or None,
            parallel=parallel,
        )
        clause = self.token
        if self.take("ON"):
            node.set("on", self.condition())
            self.part(node, "on", clause)
        elif self.take("USING"):
            node.set("using", self.parenthesised(self.identifier))
            self.part(node, "using", clause)
        elif kind != "CROSS" and method != "NATURAL" and self.join_ahead():
            # `a JOIN b JOIN c ON … ON …`: the inner join belongs to this one's right side.
            inner = node.this
            inner.set("joins", self.joins(commas=False)[:1])
            if self.take("ON"):
                node.set("on", self.condition())
        self.part(node, "operator", first, last)
        return self.mark(node, first, operator=self.words(first, last))

    def source(self, single: bool = False) -> exp.Expression:
        first = self.token
        if self.at("LATERAL"):
            self.advance()
            inner = self.source(single=True)
            alias = inner.args.pop("alias", None)
            node = exp.Lateral(this=inner, alias=alias, view=False, outer=False)
            self.part(node, "lateral", first, first)
            return self.mark(node, first)
        if self.take("ONLY"):
            return self.source(single)
        if self.at("("):
            if self.query_ahead():
                self.advance()
                inner = self.query()
                self.expect(")")
                node = self.mark(exp.Subquery(this=inner), first)
            else:
                self.advance()
                inner = self.source()
                joins = self.joins()
                if joins:
                    inner.set("joins", [*(inner.args.get("joins") or []), *joins])
                self.expect(")")
                node = self.mark(exp.Subquery(this=inner, parenthesised=True), first)
            return self.source_alias(node)
        if self.at("VALUES"):
            return self.source_alias(self.values())
        if self.at("ROWS", "FROM"):
            self.advance()
        if self.at("FLATTEN") and self.ahead().upper == "(":
            node = exp.Table(this=self.flatten())
            return self.source_alias(self.mark(node, first))
        if self.token.upper in NO_OPERAND and not self.order_or_group():
            self.fail("vue ou sous-requête attendue")
        name = self.table_name(calls=True)
        if self.at("TABLESAMPLE"):
            clause = self.advance()
            self.advance()
            self.raw_parentheses()
            self.part(name, "tablesample", clause)
        if self.take("WITH", "ORDINALITY"):
            name.set("ordinality", True)
        node = self.source_alias(name)
        if self.at("TABLESAMPLE"):
            clause = self.advance()
            self.advance()
            self.raw_parentheses()
            self.part(node, "tablesample", clause)
        return node

    def flatten(self) -> exp.Expression:
        first = self.advance()

        def argument() -> exp.Expression:
            value = self.postfix(self.operand())
            if self.take("AS"):
                value = self.mark(exp.Alias(this=value, alias=self.identifier()), value)
            return value

        return self.mark(Call(this="FLATTEN", expressions=self.parenthesised(argument)), first)

    def table_name(self, calls: bool = False) -> exp.Expression:
        first = self.token
        parts = [self.identifier()]
        while self.at("."):
            self.advance()
            parts.append(self.identifier())
        database = parts[-2] if len(parts) > 1 else None
        catalog = parts[-3] if len(parts) > 2 else None
        this = parts[-1]
        if calls and self.at("("):
            name = this.name.upper()
            this = Call(this=name, expressions=self.parenthesised(self.argument, empty=True))
            self.mark(this, first if database is None else self.last)
            this.meta["at"] = (first.start, self.last.end, first.line, first.column)
            this.meta["written"] = parts[-1].name
            if parts[-1].args.get("quoted"):
                this.set("quoted", True)
        node = exp.Table(this=this, db=database, catalog=catalog)
        return self.mark(node, first)

    def source_alias(self, node: exp.Expression) -> exp.Expression:
        clause = self.token
        explicit = self.take("AS")
        token = self.token
        if not explicit and (
            token.kind not in ("word", "quoted")
            or token.upper in _STOP
            or (token.upper in _HINTS and self.join_ahead())
        ):
            return node
        name = self.identifier(strings=True)
        columns: list[exp.Expression] = []
        if self.at("("):
            columns = self.parenthesised(self.alias_column)
        alias = self.mark(exp.TableAlias(this=name, columns=columns), clause)
        if explicit:
            alias.meta["as"] = True
        node.set("alias", alias)
        return self.mark(node, node)

    def alias_column(self) -> exp.Expression:
        name = self.identifier()
        if not self.at_any(",", ")"):
            self.type_()
            name.meta["typed"] = True
        return name
