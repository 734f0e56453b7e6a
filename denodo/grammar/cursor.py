"""A place in the list of tokens, and the nodes and notes made on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from sqlglot import exp

from denodo.lexer import Kind, Lines, Token, VqlSyntaxError, shortened, tokenize, words_of
from denodo.tree import Node, Note, Seen, span

T = TypeVar("T")

# Words that begin or continue a clause: never the name of anything without quotes.
CLAUSE_WORDS = words_of(
    """
    ALL AND ANY AS ASC BETWEEN BY CASE CREATE CROSS DESC DISTINCT ELSE END EXCEPT EXISTS FALSE FETCH
    FROM FULL GROUP HAVING ILIKE IN INNER INTERSECT INTO IS JOIN LIKE LIMIT MINUS NATURAL NOT NULL
    OFFSET ON OR ORDER OUTER SELECT SIMILAR THEN TRUE UNION USING WHEN WHERE WITH
    """
)


class Cursor:
    """Reads the tokens of a text from left to right."""

    def __init__(self, sql: str) -> None:
        """Begins at the start of a text. Raises VqlSyntaxError when it cannot be cut into tokens."""
        self.sql = sql
        self.seen: list[Seen] = []
        self.tokens, self.hashes = tokenize(sql)
        self.index = 0
        self._last = len(self.tokens) - 1
        self._failed: set[tuple[int, str]] = set()
        self._lines = Lines(sql)
        # For the index of an opening bracket, that of the first token after it which is none.
        self._inside: dict[int, int] = {}

    # ------------------------------------------------------------------ tokens

    def peek(self, ahead: int = 0) -> Token:
        """The token `ahead` of the present one; the END token stands for ever at the end."""
        index = self.index + ahead
        return self.tokens[index] if index < self._last else self.tokens[self._last]

    def take(self) -> Token:
        """Moves past the present token and returns it."""
        token = self.peek()
        self.index = min(self.index + 1, self._last)
        return token

    @property
    def last_end(self) -> int:
        """Where the token read last ends."""
        return self.tokens[self.index - 1].end if self.index else 0

    def at(self, *words: str, ahead: int = 0) -> bool:
        """True when one of these keywords, in upper case, stands here."""
        token = self.peek(ahead)
        return token.kind is Kind.WORD and token.value in words

    def at_words(self, *words: str) -> bool:
        """True when these keywords stand here one after the other."""
        return all(self.at(word, ahead=ahead) for ahead, word in enumerate(words))

    def at_sign(self, *signs: str, ahead: int = 0) -> bool:
        """True when one of these operators or punctuation marks stands here."""
        token = self.peek(ahead)
        return token.kind in (Kind.PUNCTUATION, Kind.OPERATOR) and token.value in signs

    def at_end(self) -> bool:
        """True at the end of a statement."""
        return self.peek().kind is Kind.END or self.at_sign(";")

    def accept(self, *words: str) -> Token | None:
        """Moves past these keywords when they all stand here; the last one is returned."""
        if not self.at_words(*words):
            return None
        for _ in words[:-1]:
            self.take()
        return self.take()

    def accept_sign(self, *signs: str) -> Token | None:
        """Moves past one of these signs when it stands here."""
        return self.take() if self.at_sign(*signs) else None

    def expect(self, word: str) -> Token:
        """Moves past this keyword, which must stand here."""
        return self.accept(word) or self.fail(f"`{word.lower()}` était attendu")

    def expect_sign(self, sign: str) -> Token:
        """Moves past this sign, which must stand here."""
        return self.accept_sign(sign) or self.fail(f"`{sign}` était attendu")

    def fail(self, expected: str) -> Token:
        """Stops reading at the present token."""
        token = self.peek()
        written = shortened(self.sql[token.start : token.end])
        found = "la fin du texte" if token.kind is Kind.END else f"« {written} »"
        reason = f"{expected}, et non {found}"
        if self.at_sign("{") and self.at_sign("{", "%", ahead=1):
            reason = "ce Jinja n'est pas compilé ; le contrôle lit du SQL (`dbt compile`)"
        raise VqlSyntaxError(reason, self.sql, token.start, token.end)

    def attempt(self, read: Callable[[], T]) -> T | None:
        """Reads, or comes back to the present place when that cannot be read; never tries the same twice."""
        index, seen = self.index, len(self.seen)
        place = (index, getattr(read, "__name__", ""))
        if place in self._failed:
            return None
        try:
            return read()
        except VqlSyntaxError:
            self._failed.add(place)
            self.index = index
            del self.seen[seen:]
            return None

    def skip_brackets(self) -> str:
        """Moves past a bracketed passage that is not read in detail; its text is returned."""
        start = self.expect_sign("(").end
        depth = 1
        while depth:
            token = self.take()
            if token.kind is Kind.END:
                self.fail("`)` était attendu")
            if token.kind is Kind.PUNCTUATION:
                depth += {"(": 1, ")": -1}.get(token.value, 0)
        return self.sql[start : token.start].strip()

    def at_query(self) -> bool:
        """True when a bracket here, or several, opens a query."""
        if not self.at_sign("("):
            return False
        first = self.index
        if first not in self._inside:
            ahead = 1
            while self.at_sign("(", ahead=ahead):
                ahead += 1
            self._inside |= dict.fromkeys(range(first, first + ahead), first + ahead)
        return self.at("SELECT", "WITH", "VALUES", ahead=self._inside[first] - first)

    # ------------------------------------------------------------------- nodes

    def place(self, node: Node, start: int | Token | Node, **meta: Any) -> Node:
        """Records that a node stands from `start` to the last token taken."""
        if isinstance(start, Token):
            start = start.start
        elif not isinstance(start, int):
            start = span(start)[0]
        if "at" not in node.meta:
            self.seen.append(node)
        node.meta["at"] = (start, max(self.last_end, start), *self._lines.place(start))
        node.meta.update(meta)
        return node

    def part(self, node: Node, name: str, start: int, end: int | None = None) -> None:
        """Records where one part of a node stands; by default up to the last token taken."""
        place = (start, self.last_end if end is None else end, *self._lines.place(start))
        node.meta.setdefault("parts", {})[name] = place

    def note(
        self, kind: str, start: int | Token, end: int | None = None, node: Node | None = None, **more: Any
    ) -> None:
        """Keeps a note on a token, or on the text from `start` to `end`, by default the last token's end."""
        if isinstance(start, Token):
            self.seen.append(Note(kind, start.start, start.end if end is None else end, node, more))
        else:
            self.seen.append(Note(kind, start, self.last_end if end is None else end, node, more))

    def note_of(self, kind: str, node: Node, **more: Any) -> None:
        """Keeps a note on a node."""
        self.seen.append(Note(kind, *span(node), node, more))

    # ------------------------------------------------------------------- names

    def at_name(self, ahead: int = 0) -> bool:
        """True when the name of something can stand here."""
        token = self.peek(ahead)
        if token.kind is not Kind.WORD or token.value not in CLAUSE_WORDS:
            return token.kind in (Kind.WORD, Kind.QUOTED)
        # The reserved words are ORDER BY and GROUP BY: an example of the manual has a view called order.
        return token.value in {"ORDER", "GROUP"} and not self.at("BY", ahead=ahead + 1)

    def name(self, *, any_word: bool = False) -> Node:
        """Reads a name.

        Args:
            any_word: a name must follow, as after AS: a keyword there is a badly chosen name.
        """
        token = self.peek()
        if not (self.at_name() or (any_word and token.kind is Kind.WORD)):
            self.fail("un nom était attendu")
        self.take()
        node = self.identifier(token)
        node.meta["fault"] = token.fault
        self.seen.append(node)
        return node

    def identifier(self, token: Token) -> Node:
        """The node of a name, as the author wrote it, that no rule on names visits."""
        quoted = token.kind is not Kind.WORD
        node = exp.Identifier(
            this=token.value if quoted else self.sql[token.start : token.end], quoted=quoted
        )
        node.meta["at"] = (token.start, token.end, *self._lines.place(token.start))
        return node
