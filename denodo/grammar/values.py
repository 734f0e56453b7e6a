"""Reads values: operators, literals, columns, CASE, arrays and brackets.

Source: Denodo 7.0 manual, VQL guide, "Syntax of Functions and Condition Values", "CASE Clause", "Data Types
for Dates, Timestamps and Intervals".
"""

from __future__ import annotations

from sqlglot import exp

from denodo import catalogue
from denodo.grammar.special_calls import SpecialCalls
from denodo.lexer import Kind, Token, words_of
from denodo.tree import TESTS, Call, Node, aggregates, kind, span

COMPARISONS: dict[str, type[Node]] = {
    "=": exp.EQ,
    "<>": exp.NEQ,
    "!=": exp.NEQ,
    "<": exp.LT,
    "<=": exp.LTE,
    ">": exp.GT,
    ">=": exp.GTE,
}
_ARITHMETIC: dict[str, type[Node]] = {
    "+": exp.Add,
    "-": exp.Sub,
    "*": exp.Mul,
    "/": exp.Div,
    "%": exp.Mod,
    "||": exp.DPipe,
}
_PREFIXES = words_of("@ |/ ||/ ~ !! @-@ @@ # ?- ?| !")
_LITERAL_TYPES = {"DATE": "localdate", "TIME": "time", "TIMESTAMP": "timestamp"}
_TYPES_OF_POSTGRESQL = words_of(
    """
    INT INTEGER INT2 INT4 INT8 BIGINT SMALLINT NUMERIC DECIMAL REAL FLOAT FLOAT4 FLOAT8 TEXT VARCHAR
    CHAR BPCHAR BOOL BOOLEAN JSON JSONB UUID XML BYTEA INET CIDR MACADDR TIMESTAMPTZ TIMETZ BIT VARBIT
    POINT BOX MONEY NAME REGCLASS OID TSVECTOR TSQUERY DATERANGE TSRANGE TSTZRANGE INT4RANGE INT8RANGE
    NUMRANGE DATETIME
    """
)
_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})
_NO_CALL = frozenset({"AND", "OR", "NOT", "IN", "AS", "ON", "WHERE", "FROM", "SELECT"})


class Values(SpecialCalls):
    """The grammar of values, from the loosest operator to the tightest."""

    def operand(self) -> Node:
        """Reads a value: everything that binds tighter than a comparison."""
        left = self._sum()
        while True:
            token = self.peek()
            if token.kind is not Kind.OPERATOR or token.value in TESTS or token.value in COMPARISONS:
                return left
            if token.value in {"+", "-", "*", "/", "%", "::"}:
                return left
            self.take()
            left = self.operation(token, left, self._sum())

    def operation(self, token: Token, left: Node, right: Node) -> Node:
        """Two values with an operator between them."""
        self.value(left)
        self.value(right)
        type_ = _ARITHMETIC.get(token.value)
        node: Node
        if type_ is exp.Div:
            node = exp.Div(this=left, expression=right, typed=True, safe=False)
        elif type_:
            node = type_(this=left, expression=right)
        else:
            node = exp.Operator(this=left, operator=token.value, expression=right)
        self.part(node, "operator", token.start, token.end)
        return self.place(node, left, operator=token.value)

    def _sum(self) -> Node:
        left = self._product()
        while self.at_sign("+", "-"):
            left = self.operation(self.take(), left, self._product())
            self.pending.append(left)
        return left

    def _product(self) -> Node:
        left = self._unary()
        while self.at_sign("*", "/", "%"):
            token = self.take()
            if token.value == "*" and self.at_sign("*") and self.peek().start == token.end:
                token = Token(Kind.OPERATOR, token.start, self.take().end, "**")
            left = self.operation(token, left, self._unary())
        return left

    def _unary(self) -> Node:
        token = self.peek()
        if token.kind is Kind.OPERATOR and token.value in {"+", "-"}:
            self.take()
            inner = self._unary()
            if kind(inner) == "number":
                return self.place(exp.Neg(this=inner) if token.value == "-" else inner, token)
            self.value(inner)
            if token.value == "-":
                return self.place(exp.Neg(this=inner), token)
            return self._prefixed(token, inner)
        if token.kind is Kind.OPERATOR and token.value in _PREFIXES:
            self.take()
            return self._prefixed(token, self._unary())
        left = self._postfix()
        while self.at_sign("^"):
            left = self.operation(self.take(), left, self._signed())
        return left

    def _prefixed(self, token: Token, inner: Node) -> Node:
        node = exp.Operator(this=exp.Null(), operator=token.value, expression=inner, unary=True)
        self.part(node, "operator", token.start, token.end)
        return self.place(node, token, operator=token.value)

    def _signed(self) -> Node:
        if not self.at_sign("-", "+"):
            return self._postfix()
        sign = self.take()
        inner = self._postfix()
        return self.place(exp.Neg(this=inner), sign) if sign.value == "-" else self._prefixed(sign, inner)

    def _postfix(self) -> Node:
        node = self._primary()
        while True:
            word = self.peek()
            if self.at_sign("::"):
                self.take()
                self.value(node)
                to = self.type_()
                node = exp.Cast(this=node, to=to, form="::")
                self.part(node, "type", *span(to))
                self.part(node, "operator", word.start, word.end)
                self.place(node, node.this, operator="::", type=catalogue.vdp_type(to.args["kind"]))
            elif self.at_sign("["):
                node = self._subscript(node)
            elif self.at_sign(".") and kind(node) in {"column", "tuple"} and self.at_name(ahead=1):
                self.take()
                field = self.name(any_word=True)
                node = self.place(exp.Dot(this=node, expression=field), node)
            elif self.at("COLLATE"):
                self.take()
                name = self.name(any_word=True)
                if self.accept_sign("."):
                    name = self.name(any_word=True)
                node = exp.Collate(this=node, expression=name)
                self.part(node, "operator", word.start)
                self.place(node, node.this)
            elif self.at_words("AT", "TIME", "ZONE") or self.at_words("AT", "LOCAL"):
                local = self.at("LOCAL", ahead=1)
                last = self.accept("AT", "TIME", "ZONE") or self.accept("AT", "LOCAL") or word
                node = exp.AtTimeZone(this=node, zone=exp.Var(this="LOCAL") if local else self._unary())
                self.part(node, "operator", word.start, last.end)
                self.place(node, node.this, type="datetime")
            else:
                return node

    def _subscript(self, node: Node) -> Node:
        start = self.take().start
        bounds: list[Node | None] = []
        sliced = False
        while not self.at_sign("]"):
            if self.accept_sign(":"):
                sliced = True
                bounds = [*bounds[:1], None] if bounds else [None, None]
            elif self.peek().kind is Kind.PARAMETER and self.peek().value.startswith(":"):
                token = self.take()
                sliced = True
                bounds = [bounds[0] if bounds else None, exp.Placeholder(this=token.value)]
            else:
                found = self.expression()
                bounds = [*bounds[:-1], found] if bounds and bounds[-1] is None else [*bounds, found]
        self.expect_sign("]")
        if sliced:
            index: list[Node] = [
                exp.Slice(this=bounds[0], expression=bounds[-1] if len(bounds) > 1 else None)
            ]
        else:
            index = [bound for bound in bounds if bound is not None]
        outer = exp.Bracket(this=node, expressions=index)
        self.part(outer, "index", start)
        return self.place(outer, node)

    def _primary(self) -> Node:
        token = self.peek()
        match token.kind:
            case Kind.NUMBER:
                self.take()
                if token.fault:
                    self.note("foreign number", token)
                plain = token.value.replace("_", "")
                return self.place(exp.Literal.number(plain), token, raw=token.value)
            case Kind.TEXT:
                return self._text()
            case Kind.PARAMETER:
                self.take()
                return self.place(exp.Placeholder(this=token.value), token)
            case Kind.PUNCTUATION if token.value == "(":
                return self._bracketed()
            case Kind.PUNCTUATION if token.value == "{" and self.at("ROW", ahead=1):
                return self._rows()
            case Kind.QUOTED:
                return self.column()
            case Kind.WORD:
                return self._word(token)
        if token.kind is Kind.OPERATOR and token.value == "?":
            self.take()
            return self.place(exp.Placeholder(this="?"), token)
        self.fail("une valeur était attendue")
        raise AssertionError

    def _text(self) -> Node:
        token = self.take()
        content = token.value
        while self.peek().kind is Kind.TEXT and "\n" in self.sql[self.last_end : self.peek().start]:
            second = self.take()
            content += second.value
            self.note("text after a text", second)
        if token.fault:
            self.note("foreign text", token, token=token)
        return self.place(exp.Literal.string(content), token)

    def _bracketed(self) -> Node:
        if self.at_query():
            if not self.at_sign("(", ahead=1):
                return self.bracketed_query()
            # Two brackets: a query of queries, or a calculation that begins with a query.
            query = self.attempt(self.bracketed_query)
            if query is not None:
                return query
        start = self.take()
        parts = [self.expression()]
        while self.accept_sign(","):
            parts.append(self.expression())
        self.expect_sign(")")
        return self.place(
            exp.Paren(this=parts[0]) if len(parts) == 1 else exp.Tuple(expressions=parts), start
        )

    def bracketed_query(self) -> Node:
        """Reads `(query)`."""
        start = self.expect_sign("(")
        query = self.query("where")
        self.expect_sign(")")
        return self.place(exp.Subquery(this=query), start)

    def _rows(self) -> Node:
        start = self.expect_sign("{")
        parts = [self._primary()]
        while self.accept_sign(","):
            parts.append(self._primary())
        self.expect_sign("}")
        return self.place(Call(this="ARRAY", expressions=parts, form="array"), start)

    def _word(self, token: Token) -> Node:
        word = token.value
        followed_by_text = self.peek(1).kind is Kind.TEXT
        if word == "NULL":
            self.take()
            return self.place(exp.Null(), token)
        if word in {"TRUE", "FALSE"}:
            self.take()
            return self.place(exp.Boolean(this=word == "TRUE"), token)
        if word == "CASE":
            return self._case()
        if word in {"EXISTS", "UNIQUE"} and self.at_sign("(", ahead=1):
            return self._exists()
        if word == "INTERVAL" and (
            followed_by_text or self.at_sign("(", ahead=1) or self.peek(1).kind is Kind.NUMBER
        ):
            return self._interval()
        if word in _LITERAL_TYPES and followed_by_text:
            self.take()
            return self._literal(token, word, _LITERAL_TYPES[word])
        if word in {"TIME", "TIMESTAMP"} and self.at("WITH", "WITHOUT", ahead=1) and self.at("TIME", ahead=2):
            return self._zoned_literal()
        if followed_by_text and word in _TYPES_OF_POSTGRESQL:
            self.take()
            known = catalogue.vdp_type(word)
            node = self._literal(token, word, known)
            self.note_of("foreign literal", node, word=token, known=known)
            return node
        if word == "ARRAY" and self.at_sign("[", "(", ahead=1):
            return self._array()
        if word == "ROW" and self.at_sign("(", ahead=1):
            self.take()
            self.take()
            parts = [] if self.at_sign(")") else self.values()
            self.expect_sign(")")
            return self.place(Call(this="ROW", expressions=parts, form="row"), token)
        if call := self.special_call(token):
            return call
        if self.at_sign("(", ahead=1) and word not in _NO_CALL:
            return self.call()
        return self.column()

    def _literal(self, start: Token, words: str, type_: str) -> Node:
        """A text after the name of its type."""
        token = self.take()
        value = self.place(exp.Literal.string(token.value), token)
        to = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=words)
        return self.place(exp.Cast(this=value, to=to, form="literal"), start, type=type_)

    def column(self) -> Node:
        """Reads a name with what precedes it, or the call that it turns out to be."""
        start = self.peek()
        parts = [self.name()]
        while self.at_sign(".") and not self.at_sign("*", ahead=1):
            self.take()
            parts.append(self.name(any_word=True))
        if self.at_sign("("):
            return self.call(start=start.start, qualified=parts)
        names = dict(zip(("this", "table", "db", "catalog"), reversed(parts), strict=False))
        return self.place(exp.Column(**names), start)

    def _case(self) -> Node:
        start = self.take()
        with self.inside():
            subject = None if self.at("WHEN") else self.value(self.expression())
            branches: list[Node] = []
            while self.at("WHEN"):
                word = self.take()
                condition = self.expression()
                if subject is not None or kind(condition) in {"subquery", "tuple"}:
                    self.value(condition)
                self.expect("THEN")
                result = self.value(self.expression())
                branches.append(self.place(exp.If(this=condition, true=result), word))
            if not branches:
                self.fail("`when` était attendu")
            default = self.value(self.expression()) if self.accept("ELSE") else None
        self.expect("END")
        parts = [part for branch in branches for part in (branch.this, branch.args["true"])]
        parts += [part for part in (subject, default) if part is not None]
        node = exp.Case(this=subject, ifs=branches, default=default)
        return self.place(node, start, aggregate=any(map(aggregates, parts)))

    def _exists(self) -> Node:
        word = self.take()
        if not self.at_query():
            if word.value == "EXISTS":
                self.fail("une sous-requête était attendue après `exists`")
            self.index -= 1
            return self.call()
        if word.value == "UNIQUE":
            self.note("unique", word)
        self.expect_sign("(")
        query = self.query("exists")
        self.expect_sign(")")
        node = self.place(exp.Exists(this=query), word)
        self.subquery_at(node)
        return node

    def _interval(self) -> Node:
        start = self.take()
        amount: Token | None = None
        if self.at_sign("("):
            self.skip_brackets()
            if self.peek().kind is Kind.TEXT:
                amount = self.take()
        else:
            amount = self.take()
        units = []
        if self.peek().kind is Kind.WORD and self.peek().value.rstrip("S") in _UNITS | {"WEEK", "QUARTER"}:
            units.append(self.take().value)
            if self.at_sign("("):
                self.skip_brackets()
            if self.at("TO") and self.peek(1).value in _UNITS:
                self.take()
                units.append(self.take().value)
        written = amount.value if amount else ""
        ansi = amount is not None and amount.kind is Kind.TEXT and units and set(units) <= _UNITS
        unit = exp.Var(this=" TO ".join(units)) if units else None
        node = exp.Interval(this=exp.Literal.string(written), unit=unit)
        return self.place(node, start, ansi=ansi and not any(letter.isalpha() for letter in written))

    def _zoned_literal(self) -> Node:
        first = self.take()
        zoned = self.take().value == "WITH"
        self.expect("TIME")
        self.expect("ZONE")
        if self.peek().kind is not Kind.TEXT:
            self.fail("un texte entre apostrophes était attendu")
        words = f"{first.value} {'WITH' if zoned else 'WITHOUT'} TIME ZONE"
        node = self._literal(first, words, "timestamptz" if zoned else first.value.lower())
        if first.value == "TIME" or not zoned:
            self.note_of("zoned literal", node, word=first)
        return node

    def _array(self) -> Node:
        word = self.take()
        if self.at_query():
            query = self.bracketed_query()
            node = self.place(Call(this="ARRAY", expressions=[query.this], form="brackets"), word)
            self.note_of("array of a query", node)
            return node
        items = self._array_items()
        node = self.place(Call(this="ARRAY", expressions=items, form="brackets"), word)
        self.note_of("array", node)
        return node

    def _array_items(self) -> list[Node]:
        self.expect_sign("[")
        items: list[Node] = []
        while not self.at_sign("]"):
            items += self._array_items() if self.at_sign("[") else [self.expression()]
            if not self.next_argument("]"):
                break
        self.expect_sign("]")
        return items

    def values(self) -> list[Node]:
        """Reads values with commas between them."""
        with self.inside():
            found = [self.value(self.expression())]
            while self.accept_sign(","):
                found.append(self.value(self.expression()))
        return found
