"""Reads the calls whose brackets hold more than a list: CAST, EXTRACT, SUBSTRING, TRIM, POSITION; and types.

Source: Denodo 7.0 manual, VQL guide, "Type Conversion Functions", "Text Processing Functions", "Datetime
Processing Functions".
"""

from __future__ import annotations

from sqlglot import exp

from denodo import catalogue
from denodo.grammar.calls import Calls
from denodo.lexer import Kind, Token, words_of
from denodo.tree import Call, Node, kind, text

# Called without brackets in PostgreSQL; not in VQL.
_BARE_FUNCTIONS = words_of(
    """
    CURRENT_TIME LOCALTIME LOCALTIMESTAMP CURRENT_USER SESSION_USER CURRENT_ROLE CURRENT_CATALOG
    CURRENT_SCHEMA SYSDATE SYSTIMESTAMP
    """
)
_REFUSED = words_of(
    """
    OVERLAY XMLELEMENT XMLFOREST XMLPARSE XMLSERIALIZE JSON_OBJECT JSON_ARRAY JSON_VALUE JSON_QUERY
    JSON_EXISTS JSON_TABLE GROUPING CONVERT NORMALIZE TREAT
    """
)
_FOLLOW = {"DOUBLE": "PRECISION", "CHARACTER": "VARYING", "CHAR": "VARYING", "BIT": "VARYING"}


class SpecialCalls(Calls):
    """Calls with a syntax of their own, and the names of types."""

    def special_call(self, token: Token) -> Node | None:
        """Reads the call that begins here when its brackets hold more than a list; None otherwise."""
        if token.value in _BARE_FUNCTIONS and not self.at_sign(".", ahead=1):
            self.take()
            if self.at_sign("("):
                self.skip_brackets()
            node = self.place(Call(this=token.value, expressions=[], form="bare"), token)
            self.note_of("refused call", node, name=token)
            return node
        if not self.at_sign("(", ahead=1):
            if not any(function.bare for function in catalogue.lookup(token.value)):
                return None
            self.take()
            return self.place(Call(this=token.value, expressions=[], form="bare"), token)
        match token.value:
            case "CAST" | "TRY_CAST" | "SAFE_CAST":
                return self._cast()
            case "EXTRACT":
                return self._extract()
            case "SUBSTRING" | "SUBSTR" if self._has_keyword("FROM", "FOR", "SIMILAR"):
                return self._substring()
            case "TRIM" if self._has_keyword("FROM"):
                return self._trim()
            case "POSITION":
                return self._position()
        if token.value not in _REFUSED:
            return None
        self.take()
        inner = self.skip_brackets()
        given = [exp.Var(this=inner)] if inner else []
        node = self.place(Call(this=token.value, expressions=given), token, plain=False)
        self.note("refused call", token, node=node, name=token)
        return node

    def _has_keyword(self, *words: str) -> bool:
        """True when one of these keywords, not a comma, parts the arguments of the call that begins here.

        Looking ahead costs less than reading twice, which would double with every call inside another.
        """
        depth, ahead = 0, 1
        while (token := self.peek(ahead)).kind is not Kind.END:
            if token.value in {"(", "["} and token.kind is Kind.PUNCTUATION:
                depth += 1
            elif token.value in {")", "]"} and token.kind is Kind.PUNCTUATION:
                depth -= 1
                if not depth:
                    return False
            elif depth == 1 and token.value == "," and token.kind is Kind.PUNCTUATION:
                return False
            elif depth == 1 and self.at(*words, ahead=ahead) and not self.at("DISTINCT", ahead=ahead - 1):
                return True
            ahead += 1
        return False

    def _cast(self) -> Node:
        word = self.take()
        self.expect_sign("(")
        with self.inside():
            first = self.expression()
        if word.value != "CAST":
            self.note("refused call", word, name=word, lower=True)
        if self.accept("AS"):
            self.value(first)
            to = self.type_()
            if self.at("FORMAT"):
                option = self.take()
                self.operand()
                self.note("cast format", option.start)
            self.expect_sign(")")
            node = exp.Cast(this=first, to=to, form="as")
            if word.value != "CAST":
                node.set("word", word.value)
            node.meta["parts"] = {"type": to.meta["at"]}
            self.pending.append(node)
            return self.place(node, word, type=catalogue.vdp_type(to.args["kind"]))
        if not self.accept_sign(","):
            self.fail("`as` était attendu dans CAST")
        with self.inside():
            second = self.value(self.expression())
        while self.accept_sign(","):
            self.expression()
        self.expect_sign(")")
        written = text(first) if kind(first) == "text" else ""
        to = exp.DataType(this=exp.DataType.Type.USERDEFINED, kind=written.upper() or "?")
        node = exp.Cast(this=second, to=to, form="vdp")
        node.meta["parts"] = {"type": first.meta["at"]}
        return self.place(node, word, type=written.strip().lower(), first=first)

    def type_(self) -> Node:
        """Reads the name of a type, with its numbers, its words and its brackets."""
        start = self.peek()
        if start.kind not in (Kind.WORD, Kind.QUOTED):
            self.fail("le nom d'un type était attendu")
        words = [self.take().value.upper()]
        if self.accept_sign("."):
            words = [f"{words[0]}.{self.take().value.upper()}"]
        if words[0] == "NATIONAL" and self.at("CHAR", "CHARACTER"):
            words.append(self.take().value)
        if words[-1] in _FOLLOW and self.at(_FOLLOW[words[-1]]):
            words.append(self.take().value)
        parameters = self._parameters()
        if words[0] in {"TIME", "TIMESTAMP"} and self.at("WITH", "WITHOUT") and self.at("TIME", ahead=1):
            words.append(self.take().value)
            words += [self.expect("TIME").value, self.expect("ZONE").value]
        if words[0] == "INTERVAL":
            while self.at("YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND", "TO"):
                self.take()
        while self.at_sign("["):
            self.take()
            while not self.at_sign("]"):
                if self.take().kind is Kind.END:
                    self.fail("`]` était attendu")
            self.take()
            words.append("[]")
        if self.at("ARRAY"):
            words.append(self.take().value)
        node = exp.DataType(
            this=exp.DataType.Type.USERDEFINED, kind=" ".join(words), expressions=parameters or []
        )
        return self.place(node, start, numbers=0 if parameters is None else max(len(parameters), 1))

    def _parameters(self) -> list[Node] | None:
        """What stands in brackets after the name of a type; None when there are none."""
        if not self.accept_sign("("):
            return None
        parts: list[list[Token]] = [[]]
        while not self.at_sign(")"):
            token = self.take()
            if token.kind is Kind.END:
                self.fail("`)` était attendu")
            if token.value == ",":
                parts.append([])
            else:
                parts[-1].append(token)
        self.take()
        if parts == [[]]:
            return []
        found: list[Node] = []
        for tokens in parts:
            written = " ".join(token.value for token in tokens)
            value = exp.Literal.number(written) if written.isdigit() else exp.Var(this=written.upper())
            found.append(exp.DataTypeParam(this=value))
        return found

    def _extract(self) -> Node:
        word = self.take()
        self.expect_sign("(")
        field = self.peek()
        if not (field.kind in (Kind.WORD, Kind.TEXT) and self.at("FROM", ahead=1)):
            # The page's second example, EXTRACT(datetime), contradicts its own syntax.
            self.fail("un champ puis `from` étaient attendus dans EXTRACT")
        self.take()
        self.expect("FROM")
        with self.inside():
            source = self.value(self.expression())
        self.expect_sign(")")
        node = exp.Extract(this=exp.Var(this=field.value.upper()), expression=source)
        self.part(node, "field", field.start, field.end)
        if field.value.upper() == "SECOND":
            self.pending.append(node)
        return self.place(node, word, field=field)

    def _substring(self) -> Node:
        name = self.take()
        self.expect_sign("(")
        with self.inside():
            value = self.value(self.expression())
            if not self.at("FROM", "FOR", "SIMILAR"):
                self.fail("`from` était attendu")
            word = self.take()
            first = self.value(self.operand())
            follows = self.peek()
            second = None
            if self.at("FOR", "FROM", "ESCAPE"):
                self.take()
                second = self.value(self.operand())
        self.expect_sign(")")
        start, length = (second, first) if word.value == "FOR" else (first, second)
        node = exp.Substring(this=value, start=start, length=length, word=name.value)
        self.part(node, "name", name.start, name.end)
        return self.place(node, name, by=word, follows=follows, first=first)

    def _trim(self) -> Node:
        word = self.take()
        self.expect_sign("(")
        side = self.take().value if self.at("BOTH", "LEADING", "TRAILING") else None
        with self.inside():
            letters = self.operand() if not self.at("FROM") else None
            if not self.at("FROM"):
                self.fail("`from` était attendu")
            self.take()
            value = self.value(self.expression())
        self.expect_sign(")")
        return self.place(exp.Trim(this=value, expression=letters, position=side), word)

    def _position(self) -> Node:
        word = self.take()
        opening = self.expect_sign("(").start
        with self.inside():
            wanted = self.value(self.operand())
            comma = self.accept_sign(",")
            if not comma:
                self.expect("IN")
            value = self.value(self.operand())
        self.expect_sign(")")
        if not comma:
            return self.place(exp.StrPosition(this=value, substr=wanted), word)
        self.note("position with a comma", word)
        node = Call(this="POSITION", expressions=[wanted, value])
        self.part(node, "arguments", opening)
        return self.place(node, word, written=word.value, plain=False)
