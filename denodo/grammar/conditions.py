"""Reads conditions.

Source: Denodo 7.0 manual, VQL guide, "Syntax of Functions and Condition Values", "Comparison Operators",
"WHERE Clause".
"""

from __future__ import annotations

from sqlglot import exp

from denodo.grammar.values import COMPARISONS, Values
from denodo.lexer import Kind, Token, words_of
from denodo.tree import SHIFTS, TESTS, Call, Node, bare, kind

_MATCHERS: dict[str, type[Node]] = {
    "LIKE": exp.Like,
    "ILIKE": exp.ILike,
    "SIMILAR": exp.SimilarTo,
    "REGEXP_LIKE": exp.RegexpLike,
    "REGEXP_ILIKE": exp.RegexpILike,
}
_LISTS = words_of("CONTAINSAND CONTAINSOR ISCONTAINED")
_FOREIGN = words_of("OVERLAPS RLIKE REGEXP GLOB")
_PREDICATES = _LISTS | _FOREIGN | _MATCHERS.keys() | words_of("CONTAINS IS IN BETWEEN ISNULL NOTNULL")


class Conditions(Values):
    """The grammar of conditions."""

    def expression(self) -> Node:
        """Reads a condition or a value."""
        left = self._conjunction()
        while self.at("OR"):
            self.take()
            left = self.place(exp.Or(this=left, expression=self._conjunction()), left)
        return left

    def _conjunction(self) -> Node:
        left = self._negation()
        while self.at("AND"):
            self.take()
            left = self.place(exp.And(this=left, expression=self._negation()), left)
        return left

    def _negation(self) -> Node:
        if self.at("NOT"):
            word = self.take()
            return self.place(exp.Not(this=self._negation()), word)
        left = self.operand()
        while True:
            token = self.peek()
            if token.kind is Kind.OPERATOR and token.value in COMPARISONS:
                left = self._comparison(left)
            elif token.kind is Kind.OPERATOR and token.value in TESTS:
                left = self._test(left)
            elif token.kind is Kind.WORD and token.value in _PREDICATES:
                left = self._predicate(left)
            elif self.at("NOT") and self.peek(1).kind is Kind.WORD and self.peek(1).value in _PREDICATES:
                negation = self.take()
                self.note("negation", negation, self.peek().end, word=self.peek())
                inner = self._predicate(left, negated=True)
                left = self.place(
                    exp.Not(this=inner, infix=True), left, operator=f"NOT {inner.meta['operator']}"
                )
            else:
                return left

    def condition(self, node: Node, left: Node, word: Token, end: int | None = None) -> Node:
        """A condition that was read, with the place of its operator."""
        self.part(node, "operator", word.start, word.end if end is None else end)
        return self.place(node, left, operator=word.value)

    def _at_quantifier(self) -> bool:
        return self.at("ANY", "ALL", "SOME") and self.at_sign("(", ahead=1)

    def _comparison(self, left: Node) -> Node:
        token = self.take()
        if kind(left) == "row" and token.value not in {"=", "<>", "!="}:
            self.note_of("row", left)
        self.value(left)
        if self._at_quantifier():
            right = self._quantified()
        else:
            right = self.value(self.operand(), subquery=True)
            if kind(right) == "subquery":
                self.subquery_at(right)
        return self.condition(COMPARISONS[token.value](this=left, expression=right), left, token)

    def _quantified(self) -> Node:
        word = self.take()
        type_ = exp.All if word.value == "ALL" else exp.Any
        if self.at_query():
            if word.value == "SOME":
                self.note("some", word)
            query = self.bracketed_query()
            self.subquery_at(query)
            return self.place(type_(this=query), word)
        start = self.expect_sign("(")
        inner = self.values()[0]
        self.expect_sign(")")
        node = self.place(type_(this=self.place(exp.Paren(this=inner), start)), word)
        self.note_of("any of an array", node, word=word)
        return node

    def _test(self, left: Node) -> Node:
        token = self.take()
        quantified = token.value != "~" and self._at_quantifier()
        right = self._quantified() if quantified else self.operand()
        if token.value in SHIFTS:
            return self.operation(token, left, right)
        if token.value == "~":
            listed = isinstance(right, (exp.Tuple, exp.Paren))
            items = right.expressions if isinstance(right, exp.Tuple) else [bare(right) if listed else right]
            node: Node = Call(this="~", expressions=[left, *items], form="infix", list=listed)
            return self.condition(node, left, token)
        return self.condition(exp.Operator(this=left, operator=token.value, expression=right), left, token)

    def _predicate(self, left: Node, negated: bool = False) -> Node:
        word = self.take()
        match word.value:
            case "IS":
                return self._is(left, word)
            case "ISNULL" | "NOTNULL":
                self.note("isnull", word)
                node = self.condition(exp.Is(this=self.value(left), expression=exp.Null()), left, word)
                if word.value == "ISNULL":
                    return node
                return self.condition(exp.Not(this=node, infix=True), left, word)
            case "IN":
                return self._in(left, word)
            case "BETWEEN":
                return self._between(left, word)
            case "LIKE" | "ILIKE" | "SIMILAR":
                return self._like(left, word, negated)
        if word.value in _FOREIGN:
            node = exp.Operator(this=left, operator=word.value, expression=self.operand())
            return self.condition(node, left, word)
        self.value(left)
        if word.value in _LISTS and self.accept_sign("("):
            values = self.values()
            self.expect_sign(")")
            node = Call(this=word.value, expressions=[left, *values], form="infix", list=True)
            return self.condition(node, left, word)
        right = self.value(self.operand())
        if word.value in _MATCHERS:
            return self.condition(_MATCHERS[word.value](this=left, expression=right), left, word)
        return self.condition(Call(this=word.value, expressions=[left, right], form="infix"), left, word)

    def _is(self, left: Node, word: Token) -> Node:
        negated = self.accept("NOT") is not None
        if self.accept("NULL"):
            if kind(left) in {"subquery", "tuple"}:
                self.value(left)
            value: Node = exp.Null()
        elif self.at("TRUE", "FALSE"):
            value = exp.Boolean(this=self.take().value == "TRUE")
        elif self.accept("UNKNOWN"):
            value = exp.Var(this="UNKNOWN")
            self.note("is unknown", word, self.last_end, negated=negated)
        elif self.accept("DISTINCT", "FROM"):
            end = self.last_end
            self.note("is distinct from", word, end, negated=negated)
            type_ = exp.NullSafeEQ if negated else exp.NullSafeNEQ
            return self.condition(type_(this=left, expression=self.operand()), left, word, end)
        elif self.at("JSON", "DOCUMENT", "NORMALIZED", "OF", "NFC", "NFD", "NFKC", "NFKD"):
            value = exp.Var(this=self.take().value)
            while self.at("OBJECT", "ARRAY", "SCALAR", "VALUE", "NORMALIZED"):
                self.take()
            if self.at_sign("("):
                self.skip_brackets()
            self.note("is of", word, self.last_end)
        else:
            self.fail("`null`, `not null`, `true` ou `false` était attendu après `is`")
            raise AssertionError
        end = self.last_end
        node = self.condition(exp.Is(this=left, expression=value), left, word, end)
        return self.condition(exp.Not(this=node, infix=True), left, word, end) if negated else node

    def _in(self, left: Node, word: Token) -> Node:
        self.value(left)
        if kind(left) == "row":
            self.note_of("row", left)
        if self.at_query():
            query = self.bracketed_query()
            self.subquery_at(query)
            return self.condition(exp.In(this=left, query=query), left, word)
        self.expect_sign("(")
        values = self.values()
        self.expect_sign(")")
        return self.condition(exp.In(this=left, expressions=values), left, word)

    def _between(self, left: Node, word: Token) -> Node:
        symmetric = None
        if self.at("SYMMETRIC", "ASYMMETRIC"):
            option = self.take()
            symmetric = option.value == "SYMMETRIC" or None
            self.note("symmetric", option, word=option, follows=self.peek().start)
        low = self.value(self.operand())
        self.expect("AND")
        high = self.value(self.operand())
        self.value(left)
        return self.condition(exp.Between(this=left, low=low, high=high, symmetric=symmetric), left, word)

    def _like(self, left: Node, word: Token, negated: bool) -> Node:
        self.value(left)
        end = word.end
        if word.value == "SIMILAR":
            end = self.expect("TO").end
            self.note("similar to", word, end)
        if self._at_quantifier():
            option = self.take()
            self.note("like a list", word, option.end, word=word, option=option)
            start = self.expect_sign("(")
            if self.at("SELECT", "WITH", "VALUES"):
                inner: Node = exp.Subquery(this=self.query("where"))
            else:
                inner = exp.Paren(this=self.values()[0])
            self.expect_sign(")")
            self.place(inner, start)
            type_ = exp.All if option.value == "ALL" else exp.Any
            right = self.place(type_(this=inner), option)
            return self.condition(_MATCHERS[word.value](this=left, expression=right), left, word, end)
        pattern = self.value(self.operand())
        node = self.condition(_MATCHERS[word.value](this=left, expression=pattern), left, word, end)
        node.meta["is negated"] = negated
        if not self.accept("ESCAPE"):
            return node
        escape = self.operand()
        node.meta["escape"] = escape
        return self.condition(exp.Escape(this=node, expression=escape), left, word, end)
