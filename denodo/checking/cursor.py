"""A place in the list of tokens, and the findings made on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from denodo import catalogue
from denodo.checking.finding import Edit, Finding
from denodo.checking.lexer import Kind, Token, tokenize
from denodo.checking.rules import RULES
from denodo.cursor import words_of
from denodo.lexer import Lines

T = TypeVar("T")

# Words that begin or continue a clause: never the name of anything without quotes.
CLAUSE_WORDS = words_of(
    """
    ALL AND ANY AS ASC BETWEEN BY CASE CREATE CROSS DESC DISTINCT ELSE END EXCEPT EXISTS FALSE FETCH
    FROM FULL GROUP HAVING ILIKE IN INNER INTERSECT INTO IS JOIN LIKE LIMIT MINUS NATURAL NOT NULL
    OFFSET ON OR ORDER OUTER SELECT SIMILAR THEN TRUE UNION USING WHEN WHERE WITH
    """
)


class ReadingError(Exception):
    """The text cannot be read further than this token."""

    def __init__(self, token: Token, message: str) -> None:
        """`message` in French, without a full stop."""
        super().__init__(message)
        self.token = token


class Cursor:
    """Reads the tokens of a text from left to right and collects what the rules refuse."""

    def __init__(self, sql: str, *, portable: bool) -> None:
        """Begins at the start of a text; `portable` as in `check`."""
        self.sql = sql
        self.portable = portable
        self.findings: list[Finding] = []
        self.tokens, self.hashes = tokenize(sql)
        self.index = 0
        self._failed: set[tuple[int, str]] = set()
        self._lines = Lines(sql)
        # For the index of an opening bracket, that of the first token after it which is none.
        self._inside: dict[int, int] = {}

    def peek(self, ahead: int = 0) -> Token:
        """The token `ahead` of the present one; the END token stands for ever at the end."""
        return self.tokens[min(self.index + ahead, len(self.tokens) - 1)]

    def take(self) -> Token:
        """Moves past the present token and returns it."""
        token = self.peek()
        self.index = min(self.index + 1, len(self.tokens) - 1)
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
        found = "la fin du texte" if token.kind is Kind.END else f"« {self.written(token)} »"
        if self.at_sign("{") and self.at_sign("{", "%", ahead=1):
            raise ReadingError(token, "ce Jinja n'est pas compilé ; le contrôle lit du SQL (`dbt compile`)")
        raise ReadingError(token, f"{expected}, et non {found}")

    def written(self, token: Token) -> str:
        """A token as the author wrote it, shortened."""
        text = self.sql[token.start : token.end]
        return text if len(text) <= 40 else f"{text[:39]}…"

    def attempt(self, read: Callable[[], T]) -> T | None:
        """Reads, or comes back to the present place when that cannot be read; never tries the same twice."""
        index, found = self.index, len(self.findings)
        place = (index, getattr(read, "__name__", ""))
        if place in self._failed:
            return None
        try:
            return read()
        except ReadingError:
            self._failed.add(place)
            self.index = index
            del self.findings[found:]
            return None

    def report(
        self,
        rule_id: str,
        start: int,
        end: int,
        message: str,
        *,
        why: str | None = None,
        write: str | None = None,
        edit: Edit | None = None,
    ) -> None:
        """Keeps a finding, unless its rule concerns portable texts only and this one is for Denodo alone."""
        rule = RULES[rule_id]
        if rule.portable_only and not self.portable:
            return
        line, column = self._lines.place(start)
        why, write = why or rule.why, write or rule.write
        self.findings.append(
            Finding(rule_id, rule.severity, line, column, start, end, message, why, write, edit)
        )

    def skip_brackets(self) -> None:
        """Moves past a bracketed passage that is not read in detail."""
        self.expect_sign("(")
        depth = 1
        while depth:
            token = self.take()
            if token.kind is Kind.END:
                self.fail("`)` était attendu")
            if token.kind is Kind.PUNCTUATION:
                depth += {"(": 1, ")": -1}.get(token.value, 0)

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

    def at_name(self, ahead: int = 0) -> bool:
        """True when the name of something can stand here."""
        token = self.peek(ahead)
        if token.kind is not Kind.WORD or token.value not in CLAUSE_WORDS:
            return token.kind in (Kind.WORD, Kind.QUOTED)
        # The reserved words are ORDER BY and GROUP BY: an example of the manual has a view called order.
        return token.value in {"ORDER", "GROUP"} and not self.at("BY", ahead=ahead + 1)

    def name(self, *, any_word: bool = False) -> Token:
        """Reads a name and holds it against the rules of VQL.

        Args:
            any_word: a name must follow, as after AS: a keyword there is a badly chosen name.
        """
        token = self.peek()
        if not (self.at_name() or (any_word and token.kind is Kind.WORD)):
            self.fail("un nom était attendu")
        self.take()
        text = self.sql[token.start : token.end]
        if token.kind is Kind.QUOTED:
            if token.fault == "`":
                plain = token.value.lower()
                edit = (token.start, token.end, plain) if plain.isidentifier() and plain.isascii() else None
                self.report(
                    "vql-accents-graves",
                    token.start,
                    token.end,
                    f"Le nom {text} est entre accents graves.",
                    edit=edit,
                )
            elif token.fault:
                self.report("vql-chaine", token.start, token.end, f"{text} n'existe que dans PostgreSQL.")
            return token
        if token.value.startswith("_"):
            self.report("vql-nom-souligne", token.start, token.end, f"Le nom `{text}` commence par `_`.")
        elif not text.isascii():
            self.report("vql-nom-accent", token.start, token.end, f"Le nom `{text}` a une lettre accentuée.")
        if catalogue.is_reserved(token.value) and (self.portable or token.value not in {"ORDER", "GROUP"}):
            self.report("vql-mot-reserve", token.start, token.end, f"`{text}` est un mot réservé de VQL.")
        return token

    def label(self, token: Token) -> str:
        """The name of a token as the engines compare it: lower case, or as written between quotes."""
        return token.value if token.kind is Kind.QUOTED else token.value.lower()
