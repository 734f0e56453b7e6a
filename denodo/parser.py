"""Reads VQL, and leniently what only PostgreSQL has, into a tree with places (see denodo.tree).

source: Denodo 7.0 manual, "Queries: SELECT Statement", "Syntax of Functions and Condition Values",
"Defining a Derived View", "Creating Folders".
"""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from denodo.lexer import Token, VqlSyntaxError, tokenize
from denodo.tree import Call


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words that end an expression or a source, so they are no alias unless AS stands before them.
_STOP = _words(
    """
    FROM WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH UNION MINUS INTERSECT EXCEPT ON USING JOIN INNER
    LEFT RIGHT FULL CROSS NATURAL CONTEXT TRACE WINDOW QUALIFY AS SET RETURNING FOR WITH AND OR NOT
    SELECT WHEN THEN ELSE END IN IS LIKE ILIKE BETWEEN REGEXP_LIKE REGEXP_ILIKE CONTAINS CONTAINSAND
    CONTAINSOR ISCONTAINED ESCAPE SIMILAR ASC DESC NULLS COLLATE EXTENDED INTO LATERAL TABLESAMPLE CASE
    EXISTS ISNULL NOTNULL OVERLAPS XMLEXISTS
    """
)
# Words that never begin an operand.
_NO_OPERAND = _words(
    """
    FROM WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH UNION MINUS INTERSECT EXCEPT ON USING JOIN AND OR
    THEN WHEN ELSE END AS IN IS LIKE BETWEEN SELECT SET
    """
)
_AFTER_QUERY = _words(") UNION MINUS INTERSECT EXCEPT ORDER LIMIT OFFSET FETCH EXTENDED CONTEXT")
_HINTS = _words("HASH NESTED MERGE ORDERED REVERSEORDER PARALLEL")
_JOIN_WORDS = _words("INNER LEFT RIGHT FULL OUTER CROSS NATURAL JOIN")
_LISTS = _words("CONTAINS CONTAINSAND CONTAINSOR ISCONTAINED")
_BARE = _words(
    """
    CURRENT_DATE CURRENT_TIMESTAMP CURRENT_TIME LOCALTIME LOCALTIMESTAMP CURRENT_USER SESSION_USER
    """
)
_LITERALS = _words("DATE TIME TIMESTAMP TIMESTAMPTZ TIMETZ")
_UNITS = _words("YEAR MONTH DAY HOUR MINUTE SECOND")
_COMMANDS = _words(
    """
    INSERT UPDATE DELETE MERGE DROP ALTER TRUNCATE GRANT REVOKE SET SHOW EXPLAIN ANALYZE VACUUM COPY
    BEGIN COMMIT ROLLBACK CALL DESC DESCRIBE LIST COMMENT REFRESH DO LOCK DECLARE USE HELP EXECUTE
    PREPARE CLOSE START ENCRYPT_PASSWORD REINDEX
    """
)
_COMPARISONS: dict[str, type[exp.Expression]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_OTHERS = _words("|| -> ->> @> <@ && << >> ~* !~ !~* ~~ ~~* !~~ !~~* & | @@ @? ?| ?& ? # ! |/ ||/ => := **")


class _Parser:
    """A recursive-descent parser of one text, which may hold several statements."""

    def __init__(self, sql: str) -> None:
        self.sql = sql
        self.tokens = tokenize(sql)
        self.index = 0

    # ------------------------------------------------------------------ tokens

    @property
    def token(self) -> Token:
        return self.tokens[self.index]

    @property
    def last(self) -> Token:
        return self.tokens[max(self.index - 1, 0)]

    def ahead(self, count: int = 1) -> Token:
        return self.tokens[min(self.index + count, len(self.tokens) - 1)]

    def advance(self) -> Token:
        token = self.token
        if token.kind != "end":
            self.index += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether the next tokens are these keywords or operators, one after the other."""
        return all(self.ahead(number).upper == text for number, text in enumerate(texts))

    def at_any(self, *texts: str) -> bool:
        return self.token.upper in texts and self.token.upper != ""

    def take(self, *texts: str) -> bool:
        if self.at(*texts):
            self.index += len(texts)
            return True
        return False

    def take_any(self, *texts: str) -> str:
        return self.advance().upper if self.at_any(*texts) else ""

    def expect(self, *texts: str) -> Token:
        for text in texts:
            if self.token.upper != text:
                self.fail(f"« {text} » attendu")
            self.advance()
        return self.last

    def fail(self, reason: str, token: Token | None = None) -> None:
        token = token or self.token
        found = f"« {token.raw} » trouvé" if token.kind != "end" else "fin du texte"
        raise VqlSyntaxError(f"{found}, {reason}", token.line, token.column, token.start, token.raw)

    # ------------------------------------------------------------------ places

    def mark(self, node: exp.Expression, first: Token | exp.Expression, **meta: object) -> exp.Expression:
        """Records that a node stands from a token (or another node's start) to the last token taken."""
        start, line, column = (
            (first.start, first.line, first.column)
            if isinstance(first, Token)
            else (first.meta["at"][0], first.meta["at"][2], first.meta["at"][3])
        )
        node.meta["at"] = (start, max(self.last.end, start), line, column)
        node.meta["vql"] = True
        node.meta.update(meta)
        return node

    def part(self, node: exp.Expression, name: str, first: Token, last: Token | None = None) -> None:
        """Records where one part of a node stands."""
        end = (last or self.last).end
        node.meta.setdefault("parts", {})[name] = (first.start, end, first.line, first.column)

    def words(self, first: Token, last: Token | None = None) -> str:
        """The tokens from one to another (by default the last taken) in upper case with single blanks."""
        stop = (last or self.last).end
        return " ".join(token.raw.upper() for token in self.tokens if first.start <= token.start < stop)

    # -------------------------------------------------------------- statements

    def statements(self) -> list[exp.Expression | None]:
        """Every statement of the text."""
        found: list[exp.Expression | None] = []
        while self.token.kind != "end":
            if self.take(";"):
                continue
            found.append(self.statement())
            if self.token.kind != "end" and not self.at(";"):
                self.fail("fin de l'instruction attendue")
        return found

    def statement(self) -> exp.Expression:
        word = self.token.upper
        if word == "CREATE":
            return self.create()
        if self.at("CONNECT", "DATABASE"):
            first = self.advance()
            self.advance()
            name = self.mark(exp.Table(this=self.identifier()), self.last)
            return self.mark(exp.Use(this=name, kind=exp.Var(this="DATABASE")), first)
        if word in ("SELECT", "WITH", "VALUES", "TABLE") or (word == "(" and self.query_ahead()):
            return self.query()
        if word in _COMMANDS and self.ahead().kind in ("word", "quoted", "string", "end"):
            return self.command()
        node = self.expression()
        return self.aliased(node)

    def command(self) -> exp.Expression:
        first = self.advance()
        start = self.token.start
        while self.token.kind != "end" and not self.at(";"):
            self.advance()
        node = exp.Command(this=first.upper, expression=self.sql[start : self.last.end])
        return self.mark(node, first)

    def create(self) -> exp.Expression:
        first = self.advance()
        replace = self.take("OR", "REPLACE")
        kind = self.token.upper
        if kind not in ("VIEW", "FOLDER") and not self.at("INTERFACE", "VIEW"):
            self.index = self.tokens.index(first)
            return self.command()
        self.advance()
        if kind == "FOLDER":
            name = self.string()
            node = exp.Create(this=name, kind="FOLDER", replace=replace)
            if self.take("DESCRIPTION"):
                self.take("=")
                node.set("description", self.string())
            return self.mark(node, first)
        if kind == "INTERFACE":
            self.index = self.tokens.index(first)
            return self.command()
        node = exp.Create(this=self.table_name(), kind="VIEW", replace=replace)
        while not self.at("AS"):
            clause = self.token
            if self.take("FOLDER"):
                self.take("=")
                node.set("folder", self.string())
                self.part(node, "folder", clause)
            elif self.take("DESCRIPTION"):
                self.take("=")
                node.set("description", self.string())
                self.part(node, "description", clause)
            elif self.at("PRIMARY", "KEY") or self.at("CONSTRAINT"):
                while not self.at("("):
                    self.advance()
                node.set("primary_key", self.parenthesised(lambda: self.identifier(strings=True)))
                self.part(node, "primary key", clause)
            elif self.at("("):
                node.set("fields", self.view_fields())
                self.part(node, "fields", clause)
            else:
                self.fail("« AS » attendu")
        self.expect("AS")
        node.set("expression", self.query())
        while True:
            clause = self.token
            if self.take("USING", "PARAMETERS"):
                node.set("parameters", exp.Var(this=self.raw_parentheses()))
                self.part(node, "parameters", clause)
            elif self.at("WITH") and self.ahead().upper in ("CASCADED", "LOCAL", "CHECK"):
                while not self.at("OPTION"):
                    self.advance()
                self.advance()
                node.set("check_option", exp.Var(this=self.words(clause)))
            elif self.at_any("ORDER", "CONTEXT"):
                self.modifiers(node.expression)
            else:
                break
        return self.mark(node, first)

    def view_fields(self) -> list[exp.Expression]:
        def field() -> exp.Expression:
            name = self.identifier()
            if self.at("("):
                name.meta["properties"] = self.raw_parentheses()
            return name

        return self.parenthesised(field)

    def raw_parentheses(self) -> str:
        """Takes `( … )` whatever is in it, and returns the text between the outermost parentheses."""
        start = self.expect("(").end
        depth = 1
        while depth:
            if self.token.kind == "end":
                self.fail("« ) » attendu")
            depth += {"(": 1, ")": -1}.get(self.advance().upper, 0)
        return self.sql[start : self.last.start].strip()

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
        if self.token.upper in _NO_OPERAND and not self.order_or_group():
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

    # -------------------------------------------------------------- expressions

    def comma(self, item: Callable[[], exp.Expression]) -> list[exp.Expression]:
        found = [item()]
        while self.take(","):
            found.append(item())
        return found

    def parenthesised(
        self, item: Callable[[], exp.Expression], empty: bool = False, marks: str = "()"
    ) -> list[exp.Expression]:
        self.expect(marks[0])
        if empty and self.take(marks[1]):
            return []
        found = self.comma(item)
        self.expect(marks[1])
        return found

    def identifier(self, strings: bool = False) -> exp.Expression:
        token = self.token
        if token.kind == "word":
            self.advance()
            return self.mark(exp.Identifier(this=token.text, quoted=False), token, token="word")
        if token.kind == "quoted" or (strings and token.kind == "string"):
            self.advance()
            node = exp.Identifier(this=token.text, quoted=True)
            return self.mark(node, token, token=token.kind)
        self.fail("nom attendu")
        raise AssertionError

    def string(self) -> exp.Expression:
        if self.token.kind != "string":
            self.fail("texte entre apostrophes attendu")
        token = self.advance()
        return self.mark(exp.Literal.string(token.text), token, prefix=token.prefix)

    def condition(self) -> exp.Expression:
        """A value or a condition."""
        return self.disjunction()

    def expression(self) -> exp.Expression:
        """A value or a condition; a synonym that says a value is meant."""
        return self.disjunction()

    def binary(
        self,
        type_: type[exp.Expression],
        left: exp.Expression,
        right: exp.Expression,
        word: Token,
        last: Token,
        **more: object,
    ) -> exp.Expression:
        node = type_(this=left, expression=right, **more)
        self.part(node, "operator", word, last)
        return self.mark(node, left, operator=self.words(word, last))

    def disjunction(self) -> exp.Expression:
        left = self.conjunction()
        while self.at("OR"):
            word = self.advance()
            left = self.binary(exp.Or, left, self.conjunction(), word, word)
        return left

    def conjunction(self) -> exp.Expression:
        left = self.negation()
        while self.at("AND"):
            word = self.advance()
            left = self.binary(exp.And, left, self.negation(), word, word)
        return left

    def negation(self) -> exp.Expression:
        if self.at("NOT"):
            word = self.advance()
            node = exp.Not(this=self.negation())
            self.part(node, "operator", word, word)
            return self.mark(node, word, operator="NOT")
        return self.comparison()

    def comparison(self) -> exp.Expression:
        left = self.predicate()
        while True:
            word = self.token
            text = word.upper
            if text in _COMPARISONS and word.kind == "operator":
                self.advance()
                if self.at_any("ANY", "ALL", "SOME") and self.ahead().upper == "(":
                    right = self.quantified()
                else:
                    right = self.predicate()
                left = self.binary(_COMPARISONS[text], left, right, word, word)
            elif text == "IS":
                left = self.is_test(left)
            elif text in ("ISNULL", "NOTNULL"):
                self.advance()
                node = self.mark(exp.Is(this=left, expression=exp.Null()), left, operator=text)
                self.part(node, "operator", word, word)
                left = (
                    node
                    if text == "ISNULL"
                    else self.mark(exp.Not(this=node, infix=True), left, operator=text)
                )
                self.part(left, "operator", word, word)
            else:
                return left

    def quantified(self) -> exp.Expression:
        first = self.advance()
        type_ = exp.All if first.upper == "ALL" else exp.Any
        start = self.token
        if self.query_ahead() or (self.at("(") and self.ahead().upper in ("SELECT", "WITH", "(")):
            self.expect("(")
            inner = self.query()
            self.expect(")")
            inner = self.mark(exp.Subquery(this=inner), start)
        else:
            inner = self.mark(exp.Paren(this=self.parenthesised(self.expression)[0]), start)
        return self.mark(type_(this=inner), first, operator=first.upper)

    def is_test(self, left: exp.Expression) -> exp.Expression:
        word = self.expect("IS")
        negated = self.take("NOT")
        value: exp.Expression
        node: exp.Expression
        start = self.token
        if self.take("NULL"):
            value = self.mark(exp.Null(), start)
        elif self.at_any("TRUE", "FALSE"):
            value = self.mark(exp.Boolean(this=self.advance().upper == "TRUE"), start)
        elif self.take("DISTINCT", "FROM"):
            last = self.last
            right = self.predicate()
            type_ = exp.NullSafeEQ if negated else exp.NullSafeNEQ
            return self.binary(type_, left, right, word, last)
        elif self.token.kind == "word":
            value = self.mark(exp.Var(this=self.advance().upper), start)
        else:
            self.fail("« NULL », « TRUE » ou « FALSE » attendu")
            raise AssertionError
        words = self.words(word)
        node = self.mark(exp.Is(this=left, expression=value), left, operator=words)
        self.part(node, "operator", word)
        if negated:
            node = self.mark(exp.Not(this=node, infix=True), left, operator=words)
            self.part(node, "operator", word)
        return node

    def predicate(self) -> exp.Expression:
        left = self.other_operators()
        while True:
            word = self.token
            negated = False
            if self.at("NOT") and self.ahead().upper in (
                _LISTS
                | {
                    "IN",
                    "LIKE",
                    "ILIKE",
                    "BETWEEN",
                    "REGEXP_LIKE",
                    "REGEXP_ILIKE",
                    "SIMILAR",
                    "RLIKE",
                    "REGEXP",
                }
            ):
                self.advance()
                negated = True
            node = self.one_predicate(left, word)
            if node is None:
                return left
            if negated:
                words = node.meta["operator"]
                parts = node.meta["parts"]["operator"]
                node = self.mark(exp.Not(this=node, infix=True), left, operator=words)
                node.meta.setdefault("parts", {})["operator"] = parts
            left = node

    def one_predicate(self, left: exp.Expression, word: Token) -> exp.Expression | None:
        text = self.token.upper
        if text == "IN":
            self.advance()
            last = self.last
            node = exp.In(this=left)
            if self.at("(") and self.ahead().upper == ")":
                self.parenthesised(self.expression, empty=True)
                node.set("expressions", [])
            elif self.at("("):
                start = self.token
                self.advance()
                if self.query_ahead():
                    inner = self.query()
                    self.expect(")")
                    node.set("query", self.mark(exp.Subquery(this=inner), start))
                else:
                    node.set("expressions", self.comma(self.expression))
                    self.expect(")")
            else:
                node.set("expressions", [self.other_operators()])
                node.meta["bare"] = True
            return self._placed(node, left, word, last)
        if text == "BETWEEN":
            self.advance()
            symmetric = self.take("SYMMETRIC")
            last = self.last
            low = self.other_operators()
            self.expect("AND")
            node = exp.Between(this=left, low=low, high=self.other_operators(), symmetric=symmetric or None)
            return self._placed(node, left, word, last)
        matchers: dict[str, type[exp.Expression]] = {
            "LIKE": exp.Like,
            "ILIKE": exp.ILike,
            "REGEXP_LIKE": exp.RegexpLike,
            "REGEXP_ILIKE": exp.RegexpILike,
        }
        if text in matchers or self.at("SIMILAR", "TO"):
            type_ = matchers.get(text, exp.SimilarTo)
            self.advance()
            if type_ is exp.SimilarTo:
                self.advance()
            last = self.last
            if self.at_any("ANY", "ALL") and self.ahead().upper == "(":
                right = self.quantified()
            else:
                right = self.other_operators()
            node = self._placed(type_(this=left, expression=right), left, word, last)
            clause = self.token
            if self.take("ESCAPE"):
                escape = self.other_operators()
                outer = exp.Escape(this=node, expression=escape)
                self.part(outer, "escape", clause)
                node = self._placed(outer, left, word, last)
            return node
        if text in _LISTS or (text == "~" and self.token.kind == "operator"):
            self.advance()
            last = self.last
            listed = self.at("(") and self.ahead().upper != "SELECT"
            values = self.parenthesised(self.expression) if listed else [self.other_operators()]
            node = Call(this=text, expressions=[left, *values], form="infix", list=listed)
            return self._placed(node, left, word, last)
        if text == "OVERLAPS":
            self.advance()
            last = self.last
            return self._placed(
                exp.Operator(this=left, operator=text, expression=self.other_operators()), left, word, last
            )
        return None

    def _placed(self, node: exp.Expression, left: exp.Expression, word: Token, last: Token) -> exp.Expression:
        self.part(node, "operator", word, last)
        return self.mark(node, left, operator=self.words(word, last))

    def other_operators(self) -> exp.Expression:
        left = self.sum()
        while self.token.kind == "operator" and self.token.text in _OTHERS:
            word = self.advance()
            right = self.sum()
            if word.text == "||":
                left = self.binary(exp.DPipe, left, right, word, word)
            else:
                left = self.binary(exp.Operator, left, right, word, word, operator=word.text)
        return left

    def sum(self) -> exp.Expression:
        left = self.product()
        while self.at_any("+", "-"):
            word = self.advance()
            left = self.binary(exp.Add if word.text == "+" else exp.Sub, left, self.product(), word, word)
        return left

    def product(self) -> exp.Expression:
        left = self.power()
        while self.at_any("*", "/", "%"):
            word = self.advance()
            type_ = {"*": exp.Mul, "/": exp.Div, "%": exp.Mod}[word.text]
            more = {"typed": True, "safe": False} if type_ is exp.Div else {}
            left = self.binary(type_, left, self.power(), word, word, **more)
        return left

    def power(self) -> exp.Expression:
        left = self.unary()
        while self.at("^"):
            word = self.advance()
            left = self.binary(exp.Operator, left, self.unary(), word, word, operator="^")
        return left

    def unary(self) -> exp.Expression:
        word = self.token
        if self.take("-"):
            return self.mark(exp.Neg(this=self.unary()), word, operator="-")
        if self.take("+"):
            node = self.unary()
            return node
        if self.token.kind == "operator" and self.token.text in ("~", "|/", "||/", "@", "!"):
            if self.token.text == "@" and self.ahead().kind in ("word", "quoted"):
                return self.postfix(self.operand())
            self.advance()
            node = exp.Operator(this=exp.Null(), operator=word.text, expression=self.unary(), unary=True)
            self.part(node, "operator", word, word)
            return self.mark(node, word, operator=word.text)
        return self.postfix(self.operand())

    def postfix(self, node: exp.Expression) -> exp.Expression:
        while True:
            word = self.token
            if self.at("::"):
                self.advance()
                node = self.mark(exp.Cast(this=node, to=self.type_(), form="::"), node, operator="::")
                self.part(node, "operator", word, word)
                type_at = node.args["to"].meta["at"]
                node.meta["parts"]["type"] = type_at
            elif self.at("["):
                self.advance()
                if self.take(":"):
                    index: exp.Expression = exp.Slice(expression=self.expression())
                else:
                    index = self.expression()
                    if self.take(":"):
                        index = exp.Slice(this=index, expression=None if self.at("]") else self.expression())
                self.expect("]")
                node = self.mark(exp.Bracket(this=node, expressions=[index]), node)
            elif self.at(".") and not isinstance(node, exp.Literal):
                self.advance()
                if self.at("*"):
                    star = self.mark(exp.Star(), self.advance())
                    node = self.mark(exp.Dot(this=node, expression=star), node)
                else:
                    node = self.mark(exp.Dot(this=node, expression=self.identifier()), node)
            elif self.at("COLLATE"):
                self.advance()
                start = self.token
                name = self.identifier()
                while self.take("."):
                    name = self.identifier()
                self.mark(name, start)
                node = self.mark(exp.Collate(this=node, expression=name), node)
                self.part(node, "operator", word)
            elif self.at("AT", "TIME", "ZONE"):
                self.expect("AT", "TIME", "ZONE")
                last = self.last
                node = self.mark(exp.AtTimeZone(this=node, zone=self.unary()), node)
                self.part(node, "operator", word, last)
            elif self.at("WITHIN", "GROUP"):
                self.expect("WITHIN", "GROUP", "(")
                clause = self.token
                self.expect("ORDER", "BY")
                order = self.mark(exp.Order(expressions=self.comma(self.ordered)), clause)
                self.expect(")")
                node = self.mark(exp.WithinGroup(this=node, expression=order), node)
                self.part(node, "within group", word)
            elif self.at("FILTER") and self.ahead().upper == "(":
                self.expect("FILTER", "(")
                clause = self.token
                self.expect("WHERE")
                where = self.mark(exp.Where(this=self.condition()), clause)
                self.expect(")")
                node = self.mark(exp.Filter(this=node, expression=where), node)
                self.part(node, "filter", word)
            elif self.at_any("IGNORE", "RESPECT") and self.ahead().upper == "NULLS":
                type_ = exp.IgnoreNulls if self.advance().upper == "IGNORE" else exp.RespectNulls
                self.advance()
                node = self.mark(type_(this=node), node)
                self.part(node, "nulls", word)
            elif (
                self.at("OVER")
                and (self.ahead().upper == "(" or self.ahead().kind in ("word", "quoted"))
                and isinstance(node, (Call, exp.WithinGroup, exp.Filter, exp.IgnoreNulls, exp.RespectNulls))
            ):
                self.advance()
                outer = exp.Window(this=node, over="OVER")
                if self.at("("):
                    self.window_body(outer)
                else:
                    outer.set("alias", self.identifier())
                    outer.set("named", True)
                node = self.mark(outer, node)
                self.part(node, "over", word)
            else:
                return node

    def window_body(self, node: exp.Expression) -> exp.Expression:
        self.expect("(")
        if not self.at_any("PARTITION", "ORDER", "ROWS", "RANGE", "GROUPS", ")"):
            node.set("alias", self.identifier())
        clause = self.token
        if self.take("PARTITION", "BY"):
            node.set("partition_by", self.comma(self.expression))
            self.part(node, "partition by", clause)
        clause = self.token
        if self.take("ORDER", "BY"):
            node.set("order", self.mark(exp.Order(expressions=self.comma(self.ordered)), clause))
            self.part(node, "order", clause)
        clause = self.token
        if self.at_any("ROWS", "RANGE", "GROUPS"):
            spec = exp.WindowSpec(kind=self.advance().upper)
            if self.take("BETWEEN"):
                self.bound(spec, "start")
                self.expect("AND")
                self.bound(spec, "end")
            else:
                self.bound(spec, "start")
            if self.take("EXCLUDE"):
                words = []
                while not self.at(")"):
                    words.append(self.advance().upper)
                spec.set("exclude", exp.Var(this=" ".join(words)))
            node.set("spec", self.mark(spec, clause))
            self.part(node, "frame", clause)
        self.expect(")")
        return node

    def bound(self, spec: exp.Expression, end: str) -> None:
        if self.take("CURRENT", "ROW"):
            spec.set(end, "CURRENT ROW")
            return
        spec.set(end, "UNBOUNDED" if self.take("UNBOUNDED") else self.expression())
        side = self.take_any("PRECEDING", "FOLLOWING")
        if not side:
            self.fail("« PRECEDING » ou « FOLLOWING » attendu")
        spec.set(f"{end}_side", side)

    # ----------------------------------------------------------------- operands

    def operand(self) -> exp.Expression:
        token = self.token
        if token.kind == "number":
            self.advance()
            node = exp.Literal.number(token.text.replace("_", ""))
            return self.mark(node, token, raw=token.raw)
        if token.kind == "string":
            node = self.string()
            while (
                self.token.kind == "string" and self.token.line > self.last.line
            ):  # 'a'<newline>'b' is one string
                node = self.mark(
                    exp.Literal.string(node.name + self.advance().text), token, prefix=token.prefix
                )
            return node
        if token.kind == "quoted":
            return self.name()
        if token.kind == "word":
            return self.word_operand(token)
        if token.text == "(":
            return self.parentheses()
        if token.text == "{":
            if self.ahead().upper in ("D", "T", "TS", "FN") and self.ahead(2).kind in ("string", "word"):
                self.fail("valeur attendue", self.ahead())
            values = self.parenthesised(self.expression, marks="{}")
            return self.mark(Call(this="ARRAY", expressions=values, form="array"), token)
        if token.text == "[":
            values = self.parenthesised(self.expression, empty=True, marks="[]")
            return self.mark(Call(this="LIST", expressions=values, form="list"), token)
        if token.text == "*":
            self.advance()
            return self.mark(exp.Star(), token)
        if token.text in ("@", ":", "?", "$", "%"):
            self.advance()
            if token.text != "?" and self.token.kind in ("word", "number"):
                self.advance()
            elif token.text == "%" and self.take("("):
                self.advance()
                self.expect(")")
                self.advance()
            elif token.text != "?":
                self.fail("valeur attendue", token)
            return self.mark(exp.Placeholder(this=self.words(token)), token)
        self.fail("valeur attendue")
        raise AssertionError

    def parentheses(self) -> exp.Expression:
        first = self.token
        if self.query_ahead():
            self.expect("(")
            inner = self.query()
            self.expect(")")
            return self.mark(exp.Subquery(this=inner), first)
        self.expect("(")
        if self.take(")"):
            return self.mark(exp.Tuple(expressions=[]), first)
        values = self.comma(self.condition)
        self.expect(")")
        if len(values) == 1:
            return self.mark(exp.Paren(this=values[0]), first)
        return self.mark(exp.Tuple(expressions=values), first)

    def word_operand(self, token: Token) -> exp.Expression:
        word = token.upper
        follower = self.ahead()
        if word in ("NULL", "TRUE", "FALSE") and follower.upper not in ("(", "."):
            self.advance()
            node = exp.Null() if word == "NULL" else exp.Boolean(this=word == "TRUE")
            return self.mark(node, token)
        if word == "CASE":
            return self.case()
        if word in _LITERALS:
            literal = self.typed_literal()
            if literal is not None:
                return literal
        if word == "INTERVAL" and (follower.kind == "string" or follower.text == "-"):
            return self.interval()
        if word == "ARRAY" and follower.upper == "[":
            self.advance()
            values = self.parenthesised(self.expression, empty=True, marks="[]")
            return self.mark(Call(this="ARRAY", expressions=values, form="brackets"), token)
        if follower.upper == "(":
            if word == "EXISTS":
                self.advance()
                self.expect("(")
                inner = self.query()
                self.expect(")")
                return self.mark(exp.Exists(this=inner), token)
            if word == "ARRAY" and self.ahead(2).upper in ("SELECT", "WITH"):
                self.advance()
                self.expect("(")
                inner = self.query()
                self.expect(")")
                return self.mark(Call(this="ARRAY", expressions=[inner]), token)
            special = {
                "CAST": self.cast,
                "TRY_CAST": self.cast,
                "EXTRACT": self.extract,
                "TRIM": self.trim,
                "SUBSTRING": self.substring,
                "SUBSTR": self.substring,
                "POSITION": self.position_in,
                "ROW": self.row,
                "OVERLAY": self.overlay,
            }.get(word)
            if special:
                return special()
            if word not in _NO_OPERAND:
                return self.name()
        if word in _BARE and follower.upper != ".":
            self.advance()
            return self.mark(Call(this=word, expressions=[], form="bare"), token)
        if word in _NO_OPERAND and follower.upper not in (".", ",", ")") and not self.order_or_group():
            self.fail("valeur attendue")
        return self.name()

    def order_or_group(self) -> bool:
        """Whether ORDER or GROUP stands here as a name: only with BY are they reserved."""
        return self.at_any("ORDER", "GROUP") and self.ahead().upper != "BY"

    def name(self) -> exp.Expression:
        """A column `a`, `a.b`, `a.b.c`, or a call `f(…)`, `db.f(…)`."""
        first = self.token
        parts = [self.identifier()]
        while self.at(".") and self.ahead().kind in ("word", "quoted") and len(parts) < 4:
            self.advance()
            parts.append(self.identifier())
        if self.at("("):
            return self.call(first, parts)
        if self.at(".", "*"):
            self.advance()
            star = self.mark(exp.Star(), self.advance())
            tables = dict(zip(("table", "db", "catalog"), reversed(parts), strict=False))
            return self.mark(exp.Column(this=star, **tables), first)
        names = dict(zip(("this", "table", "db", "catalog"), reversed(parts), strict=False))
        return self.mark(exp.Column(**names), first)

    def argument(self) -> exp.Expression:
        if self.query_ahead() and self.token.upper != "(":
            return self.query()
        node = self.condition()
        word = self.token
        if self.take("ORDER", "BY"):
            order = exp.Order(this=node, expressions=self.comma(self.ordered))
            node = self.mark(order, node)
            self.part(node, "order", word)
        elif self.token.kind == "operator" and self.token.text in ("=>", ":="):
            self.advance()
            node = self.mark(exp.Kwarg(this=node, expression=self.expression()), node)
        return node

    def call(self, first: Token, parts: list[exp.Expression]) -> exp.Expression:
        written = parts[-1]
        opening = self.expect("(")
        quantifier_token = self.token
        quantifier = None
        if self.at_any("DISTINCT", "ALL") and self.ahead().upper not in (",", ")", "."):
            quantifier = self.advance().upper
        if self.at("VARIADIC") and self.ahead().upper not in (",", ")", "."):
            self.advance()
        arguments = [] if self.at(")") else self.comma(self.argument)
        node = self.called(first, written, opening, arguments)
        if quantifier:
            node.set("quantifier", quantifier)
            self.part(node, "quantifier", quantifier_token, quantifier_token)
        if len(parts) > 1:
            node.set("database", parts[-2])
        return node

    def called(
        self, first: Token, written: exp.Expression, opening: Token, arguments: list[exp.Expression]
    ) -> exp.Expression:
        """A call whose arguments have been read up to the closing parenthesis."""
        self.expect(")")
        node = Call(this=written.name.upper(), expressions=arguments)
        if written.args.get("quoted"):
            node.set("quoted", True)
        node.meta["written"] = written.name
        self.mark(node, first)
        name_end = written.meta["at"][1]
        node.meta.setdefault("parts", {})["name"] = (first.start, name_end, first.line, first.column)
        self.part(node, "arguments", opening)
        return node

    def case(self) -> exp.Expression:
        first = self.expect("CASE")
        value = None if self.at("WHEN") else self.condition()
        branches = []
        while self.at("WHEN"):
            start = self.advance()
            test = self.condition()
            self.expect("THEN")
            branches.append(self.mark(exp.If(this=test, true=self.condition()), start))
        if not branches:
            self.fail("« WHEN » attendu")
        default = self.condition() if self.take("ELSE") else None
        self.expect("END")
        return self.mark(exp.Case(this=value, ifs=branches, default=default), first)

    def typed_literal(self) -> exp.Expression | None:
        first = self.token
        start = self.index
        name = self.advance()
        last = name
        if self.at_any("WITH", "WITHOUT") and self.ahead().upper in ("TIME", "LOCAL"):
            self.advance()
            self.take("LOCAL")
            if not self.take("TIME", "ZONE"):
                self.index = start
                return None
            last = self.last
        if self.token.kind != "string" or self.token.prefix:
            self.index = start
            return None
        words = self.words(name, last)
        value = self.string()
        to = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=words)
        node = exp.Cast(this=value, to=to, form="literal")
        self.part(node, "type", first, last)
        return self.mark(node, first)

    def interval(self) -> exp.Expression:
        first = self.expect("INTERVAL")
        negative = self.take("-")
        value = self.string()
        if negative:
            value = self.mark(exp.Literal.string(f"-{value.name}"), value)
        words: list[str] = []
        if self.at_any(*_UNITS, *(f"{unit}S" for unit in _UNITS)):
            words.append(self.advance().upper)
            if self.at("(") and self.ahead().kind == "number":
                self.raw_parentheses()
            if self.at("TO") and self.ahead().upper in _UNITS:
                self.advance()
                words += ["TO", self.advance().upper]
                if self.at("(") and self.ahead().kind == "number":
                    self.raw_parentheses()
        unit = exp.Var(this=" ".join(words)) if words else None
        return self.mark(exp.Interval(this=value, unit=unit), first)

    def type_(self) -> exp.Expression:
        first = self.token
        if first.kind not in ("word", "quoted", "string"):
            self.fail("nom de type attendu")
        words = [self.advance().upper or first.text]
        if words[0] == "DOUBLE" and self.take("PRECISION"):
            words.append("PRECISION")
        elif words[0] in ("CHARACTER", "CHAR", "BIT", "NCHAR") and self.take("VARYING"):
            words.append("VARYING")
        elif words[0] == "NATIONAL":
            words.append(self.advance().upper)
            if self.take("VARYING"):
                words.append("VARYING")
        elif words[0] == "INTERVAL":
            while self.at_any(*_UNITS, "TO"):
                words.append(self.advance().upper)
        while self.at(".") and self.ahead().kind in ("word", "quoted"):
            self.advance()
            words[-1] += "." + self.advance().text.upper()
        parameters: list[exp.Expression] = []
        if self.at("("):

            def parameter() -> exp.Expression:
                token = self.token
                value = (
                    exp.Literal.number(token.text)
                    if token.kind == "number"
                    else exp.Var(this=token.text.upper())
                )
                negative = self.take("-")
                token = self.advance()
                if negative:
                    value = exp.Literal.number(f"-{token.text}")
                if token.upper == "CHAR" or self.at_any("CHAR", "BYTE"):
                    self.advance()
                return self.mark(exp.DataTypeParam(this=value), token)

            parameters = self.parenthesised(parameter)
        if words[0] in ("TIMESTAMP", "TIME") and self.at_any("WITH", "WITHOUT"):
            words.append(self.advance().upper)
            if self.take("LOCAL"):
                words.append("LOCAL")
            self.expect("TIME", "ZONE")
            words += ["TIME", "ZONE"]
        while self.take("[", "]") or (self.at("[") and self.ahead().kind == "number" and self.raw_brackets()):
            words[-1] += "[]"
        node = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=" ".join(words), expressions=parameters)
        return self.mark(node, first)

    def raw_brackets(self) -> bool:
        self.index += 3
        return True

    def cast(self) -> exp.Expression:
        first = self.advance()
        self.expect("(")
        value = self.condition()
        if self.take("AS"):
            to = self.type_()
            node = exp.Cast(this=value, to=to, form="as")
            if first.upper != "CAST":
                node.set("word", first.upper)
            place = to.meta["at"]
        else:
            if not self.at(","):
                self.fail("« AS » ou « , » attendu")
            self.advance()
            name = value.name.upper() if isinstance(value, exp.Literal) and value.is_string else ""
            place = value.meta["at"]
            to = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=name or "?")
            more = self.condition()
            if not name:
                node = Call(this=first.upper, expressions=[value, more])
                self.expect(")")
                return self.mark(node, first)
            node = exp.Cast(this=more, to=to, form="vdp")
            node.meta["type_written"] = value.name
        self.expect(")")
        if self.at("FORMAT"):
            self.advance()
            self.string()
        node.meta.setdefault("parts", {})["type"] = place
        return self.mark(node, first)

    def extract(self) -> exp.Expression:
        first = self.advance()
        if self.ahead(1).kind in ("word", "string") and self.ahead(2).upper == "FROM":
            self.expect("(")
            start = self.token
            field = self.mark(exp.Var(this=self.advance().text.upper()), start)
            self.expect("FROM")
            node = exp.Extract(this=field, expression=self.condition())
            self.expect(")")
            return self.mark(node, first)
        return self.call(first, [self.mark(exp.Identifier(this=first.text, quoted=False), first)])

    def plain_call(self, first: Token, opening: Token, arguments: list[exp.Expression]) -> exp.Expression:
        """A call after all, of which the name, the parenthesis and perhaps one argument have been taken."""
        if self.take(","):
            arguments = [*arguments, *self.comma(self.argument)]
        at = (first.start, first.end, first.line, first.column)
        name = exp.Identifier(this=first.text, quoted=False)
        name.meta["at"] = at
        return self.called(first, name, opening, arguments)

    def trim(self) -> exp.Expression:
        first = self.advance()
        opening = self.expect("(")
        side = self.take_any("LEADING", "TRAILING", "BOTH")
        characters = None
        if not side and self.at(")"):
            return self.plain_call(first, opening, [])
        if not self.at("FROM"):
            value = self.condition()
            if self.at("FROM"):
                characters = value
            elif not side:
                return self.plain_call(first, opening, [value])
            else:
                # PostgreSQL's `trim(both x)`.
                self.expect(")")
                return self.mark(exp.Trim(this=value, position=side, no_from=True), first)
        self.expect("FROM")
        node = exp.Trim(this=self.condition(), expression=characters, position=side or None)
        self.expect(")")
        return self.mark(node, first)

    def substring(self) -> exp.Expression:
        first = self.advance()
        opening = self.expect("(")
        if self.at(")"):
            return self.plain_call(first, opening, [])
        value = self.condition()
        if not self.at_any("FROM", "FOR"):
            return self.plain_call(first, opening, [value])
        begin = length = None
        while self.at_any("FROM", "FOR"):
            if self.advance().upper == "FROM":
                begin = self.condition()
            else:
                length = self.condition()
        self.expect(")")
        node = exp.Substring(this=value, start=begin, length=length, word=first.upper)
        return self.mark(node, first)

    def position_in(self) -> exp.Expression:
        first = self.advance()
        opening = self.expect("(")
        if self.at(")"):
            return self.plain_call(first, opening, [])
        needle = self.other_operators()
        if not self.take("IN"):
            return self.plain_call(first, opening, [needle])
        node = exp.StrPosition(this=self.condition(), substr=needle)
        self.expect(")")
        return self.mark(node, first)

    def overlay(self) -> exp.Expression:
        first = self.advance()
        values = []
        self.expect("(")
        values.append(self.condition())
        while self.take_any("PLACING", "FROM", "FOR", ","):
            values.append(self.condition())
        self.expect(")")
        return self.mark(Call(this="OVERLAY", expressions=values), first)

    def row(self) -> exp.Expression:
        first = self.advance()
        values = self.parenthesised(self.condition, empty=True)
        return self.mark(Call(this="ROW", expressions=values, form="row"), first)


def parse(sql: str) -> list[exp.Expression | None]:
    """The statements of a VQL text as trees. Raises VqlSyntaxError."""
    return _Parser(sql).statements()
