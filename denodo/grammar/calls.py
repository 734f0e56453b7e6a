"""Reads function calls and what may follow them.

Source: Denodo 7.0 manual, VQL guide, appendix "Syntax of Condition Functions".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlglot import exp

from denodo.grammar.cursor import Cursor
from denodo.lexer import Kind, Token
from denodo.tree import Call, Node, aggregate_function, aggregates, arguments, kind, span

# What stands where VQL's grammar wants a value, and is none.
_NO_VALUE = frozenset({"condition", "subquery", "tuple"})


class Calls(Cursor):
    """Function calls and the state of the reading they depend on."""

    def __init__(self, sql: str) -> None:
        """Begins at the start of a text."""
        super().__init__(sql)
        self.clause = ""
        self.nested = 0
        # Expressions to judge by the tables of the SELECT that they stand in.
        self.pending: list[Node] = []

    def expression(self) -> Node:
        """Reads a condition or a value."""
        raise NotImplementedError

    def operand(self) -> Node:
        """Reads a value."""
        raise NotImplementedError

    def query(self, level: str) -> Node:
        """Reads a query."""
        raise NotImplementedError

    def order(self, word: Token) -> Node:
        """Reads what follows ORDER BY."""
        raise NotImplementedError

    @contextmanager
    def inside(self) -> Iterator[None]:
        """What is read meanwhile stands inside a function, a list or a CASE."""
        self.nested += 1
        try:
            yield
        finally:
            self.nested -= 1

    def value(self, node: Node, *, subquery: bool = False) -> Node:
        """Notes that an expression stands where VQL's grammar wants a value.

        Args:
            subquery: a subquery may stand there as well.
        """
        if kind(node) in _NO_VALUE and not (subquery and kind(node) == "subquery"):
            self.note_of("value", node)
            if kind(node) == "subquery":
                self.subquery_at(node, as_value=True)
        return node

    def subquery_at(self, node: Node, *, as_value: bool = False) -> None:
        """Notes where a subquery stands."""
        allowed = self.clause == "where" and not (as_value or self.nested)
        self.note_of("subquery", node, clause=self.clause, allowed=allowed)

    def call(self, start: int | None = None, qualified: list[Node] | None = None) -> Node:
        """Reads `name(arguments)` with all that may follow; `qualified` when a schema precedes the name."""
        if qualified:
            written = qualified[-1]
            at = span(written)
        else:
            token = self.take()
            written, at = self.identifier(token), (token.start, token.end)
        start = at[0] if start is None else start
        if qualified and len(qualified) > 1:
            self.note("call with schema", start, at[1])
        opening = self.expect_sign("(").start
        quantifier = None
        if self.at("DISTINCT", "ALL") and not self.at_sign(")", ahead=1):
            quantifier = self.take()
        found, star = self._arguments()
        if self.at_words("ORDER", "BY"):
            word = self.take()
            order = self.order(word)
            self.note("ordered aggregate", word.start)
            if found:
                order.set("this", found[-1])
                found[-1] = order
        self.expect_sign(")")
        node = Call(this=written.this.upper(), expressions=found)
        if written.args.get("quoted"):
            node.set("quoted", True)
        if qualified and len(qualified) > 1:
            node.set("database", qualified[-2])
        self.part(node, "name", *at)
        self.part(node, "arguments", opening)
        if quantifier:
            node.set("quantifier", quantifier.value)
            self.part(node, "quantifier", quantifier.start, quantifier.end)
        parts = arguments(node)
        aggregate = aggregate_function(node.name, len(parts)) or any(map(aggregates, parts))
        self.place(node, start, written=written.this, star=star, aggregate=aggregate, plain=True)
        if node.name in {"TRUNC", "ROUND"}:
            self.pending.append(node)
        return self._suffixes(node, start)

    def _arguments(self) -> tuple[list[Node], bool]:
        found: list[Node] = []
        star = False
        with self.inside():
            while not self.at_sign(")") and not self.at_words("ORDER", "BY"):
                if self.at_sign("*") and self.at_sign(")", ",", ahead=1):
                    found.append(self.place(exp.Star(), self.take()))
                    star = True
                elif self.at_sign("["):
                    found.append(self._list())
                else:
                    found.append(self._argument())
                if not self.next_argument(")"):
                    break
        return found, star

    def _list(self) -> Node:
        start = self.take()
        items: list[Node] = []
        while not self.at_sign("]"):
            items.append(self.value(self.expression()))
            if not self.next_argument("]"):
                break
        self.expect_sign("]")
        return self.place(Call(this="LIST", expressions=items, form="list"), start)

    def _argument(self) -> Node:
        if self.at("VARIADIC"):
            self.note("variadic", self.take())
        elif self.peek().kind in (Kind.WORD, Kind.QUOTED) and self.at_sign("=>", ":=", ahead=1):
            token = self.take()
            self.note("named argument", token, self.take().end)
            given = self.value(self.expression())
            return self.place(
                exp.Kwarg(this=exp.Column(this=self.identifier(token)), expression=given), token
            )
        return self.value(self.expression())

    def next_argument(self, close: str) -> bool:
        """Moves past a comma, after which something must stand."""
        if not self.accept_sign(","):
            return False
        if self.at_sign(close) or self.at_words("ORDER", "BY"):
            self.fail("un argument était attendu après la virgule")
        return True

    def _suffixes(self, call: Node, start: int) -> Node:
        node, within = call, False
        aggregate = call.meta["aggregate"]

        def around(outer: Node, word: Token, part: str) -> Node:
            self.part(outer, part, word.start)
            return self.place(outer, start, call=call, aggregate=aggregate)

        if self.at_words("WITHIN", "GROUP"):
            word = self.take()
            self.take()
            self.expect_sign("(")
            order = self.order(self.expect("ORDER"))
            self.expect_sign(")")
            node, within = around(exp.WithinGroup(this=node, expression=order), word, "within group"), True
        if self.at("FILTER") and self.at_sign("(", ahead=1):
            word = self.take()
            self.expect_sign("(")
            where = self.expect("WHERE")
            with self.inside():
                condition = self.place(exp.Where(this=self.expression()), where)
            self.expect_sign(")")
            node = around(exp.Filter(this=node, expression=condition), word, "filter")
        if self.at("IGNORE", "RESPECT") and self.at("NULLS", ahead=1):
            word = self.take()
            self.take()
            type_ = exp.IgnoreNulls if word.value == "IGNORE" else exp.RespectNulls
            node = around(type_(this=node), word, "nulls")
        if self.at("OVER"):
            word = self.take()
            call.meta["plain"] = False
            window = exp.Window(this=node, over="OVER")
            if self.at_sign("("):
                self.window(window)
            else:
                window.set("alias", self.name())
                window.set("named", True)
            self.part(window, "word", word.start, word.end)
            return around(window, word, "over")
        if within:
            call.meta["plain"] = False
            self.note("within group alone", span(node, "within group")[0], span(node, "within group")[0] + 12)
        return node

    def window(self, window: Node) -> None:
        """Reads what stands between the brackets of a window."""
        self.expect_sign("(")
        with self.inside():
            if self.at_name() and not self.at("PARTITION", "ROWS", "RANGE", "GROUPS"):
                window.set("alias", self.identifier(self.take()))
            if self.accept("PARTITION", "BY"):
                items = [self.value(self.expression())]
                while self.accept_sign(","):
                    items.append(self.value(self.expression()))
                window.set("partition_by", items)
            if self.at_words("ORDER", "BY"):
                window.set("order", self.order(self.take()))
            if self.at("ROWS", "RANGE", "GROUPS"):
                window.set("spec", self._frame())
        self.expect_sign(")")

    def _frame(self) -> Node:
        word = self.take()
        first = self.index
        while not self.at_sign(")"):
            token = self.take()
            if token.kind is Kind.END:
                self.fail("`)` était attendu")
            timed = token.kind in (Kind.TEXT, Kind.QUOTED) or token.value == "INTERVAL"
            if timed and self.at_sign("("):
                self.skip_brackets()
        tokens = self.tokens[first : self.index]
        words = [self.sql[token.start : token.end] for token in tokens]
        upper = [text.upper() for text in words]
        spec = exp.WindowSpec(kind=word.value)
        if "EXCLUDE" in upper:
            cut = upper.index("EXCLUDE")
            spec.set("exclude", exp.Var(this=" ".join(upper[cut + 1 :])))
            words, upper = words[:cut], upper[:cut]
        if "BETWEEN" in upper and "AND" in upper:
            cut = upper.index("AND")
            _bound(spec, "start", words[1:cut])
            _bound(spec, "end", words[cut + 1 :])
        else:
            _bound(spec, "start", words)
        return self.place(spec, word, word=word, tokens=tokens)


def _bound(spec: Node, end: str, words: list[str]) -> None:
    upper = [word.upper() for word in words]
    if upper == ["CURRENT", "ROW"]:
        spec.set(end, "CURRENT ROW")
    elif words:
        text = " ".join(words[:-1])
        unbounded = upper[:-1] == ["UNBOUNDED"]
        spec.set(end, "UNBOUNDED" if unbounded else exp.Var(this=text))
        spec.set(f"{end}_side", upper[-1])
