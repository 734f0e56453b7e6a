"""Words, texts, numbers and operators of a SQL text, with their exact place.

A text may be VQL, PostgreSQL or a mixture, and the checker must point at the very characters it refuses:
hence a lexer that keeps every offset and knows what each of the two languages writes.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The nature of a token."""

    WORD = "word"
    QUOTED = "quoted"
    TEXT = "text"
    NUMBER = "number"
    OPERATOR = "operator"
    PUNCTUATION = "punctuation"
    PARAMETER = "parameter"
    END = "end"


@dataclass(frozen=True)
class Token:
    """A token as written; `value` is an upper-case word, the content of a text, or the source text."""

    kind: Kind
    start: int
    end: int
    value: str
    fault: str | None = None


@dataclass(frozen=True)
class Hash:
    """A comment that begins with `#`, from `start` to `end`; `alone` when nothing precedes it on its line."""

    start: int
    end: int
    alone: bool


class VqlSyntaxError(ValueError):
    """A text that cannot be read: `start` and `end` are offsets of what is wrong, `reason` is French."""

    def __init__(self, reason: str, sql: str, start: int, end: int) -> None:
        """`reason` without a full stop."""
        super().__init__(reason)
        self.reason = reason
        self.start = start
        self.end = end
        self._sql = sql

    @property
    def line(self) -> int:
        """The line of what is wrong, from 1."""
        return Lines(self._sql).place(self.start)[0]

    @property
    def column(self) -> int:
        """Its column, from 1."""
        return Lines(self._sql).place(self.start)[1]

    def __str__(self) -> str:
        """The reason and the place."""
        return f"ligne {self.line}, colonne {self.column} : {self.reason}"


class Lines:
    """Turns offsets of a text into line and column, both counted from 1."""

    def __init__(self, text: str) -> None:
        """`text` is the whole text the offsets are of."""
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


# Spaces, and the mark some editors put at the beginning of a file.
_SPACE = re.compile(r"[\s\ufeff]+")
_WORD = re.compile(r"[^\W\d][\w$]*")
_DOLLAR_TEXT = re.compile(r"\$(?:[^\W\d]\w*)?\$")
_PARAMETER = re.compile(r"\$\d+|:(?=[^\W\d])\w+|%\(\w+\)s")
_NUMBER = re.compile(
    r"0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+"
    r"|(?:\d[\d_]*(?:\.(?!\.)[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?"
)
_PLAIN_NUMBER = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?")
_OPERATOR = re.compile(r"[+\-*/<>=~!@#%^&|`?]+")
_JSON_HASH = re.compile(r"#>>?\s*['$]|#-\s*'")
# PostgreSQL ends an operator with + or - only when it holds one of these.
_SPECIAL = frozenset("~!@#%^&|`?")
_TEXT_PREFIXES = {"E": "E", "B": "B", "X": "X", "N": "N"}


def tokenize(sql: str) -> tuple[list[Token], list[Hash]]:
    """Cuts a text into tokens, the last one of kind END.

    Returns:
        The tokens, and the comments that begin with `#`, which only VQL knows.

    Raises:
        VqlSyntaxError: for a text that never ends or a character that SQL does not have.
    """
    tokens: list[Token] = []
    hashes: list[Hash] = []
    at = 0
    while at < len(sql):
        if space := _SPACE.match(sql, at):
            at = space.end()
        elif sql.startswith("--", at):
            at = _end_of_line(sql, at)
        elif sql.startswith("/*", at):
            at = _end_of_comment(sql, at)
        elif sql[at] == "#" and not _JSON_HASH.match(sql, at):
            end = _end_of_line(sql, at)
            line_start = sql.rfind("\n", 0, at) + 1
            hashes.append(Hash(at, end, not sql[line_start:at].strip()))
            at = end
        else:
            token = _token(sql, at)
            tokens.append(token)
            at = token.end
    tokens.append(Token(Kind.END, len(sql), len(sql), ""))
    return tokens, hashes


def _token(sql: str, at: int) -> Token:
    character = sql[at]
    if character == "'":
        return _text(sql, at, at)
    if character in '"`':
        return _quoted(sql, at, character)
    if sql[at : at + 2].upper() == "U&" and sql[at + 2 : at + 3] in {"'", '"'}:
        if sql[at + 2] == "'":
            return _text(sql, at, at + 2, fault="U&")
        name = _quoted(sql, at + 2, '"')
        return Token(Kind.QUOTED, at, name.end, name.value, "U&")
    if word := _WORD.match(sql, at):
        prefix = _TEXT_PREFIXES.get(word.group().upper())
        if prefix and sql[word.end() : word.end() + 1] == "'":
            return _text(sql, at, word.end(), fault=prefix)
        return Token(Kind.WORD, at, word.end(), word.group().upper())
    if dollar := _DOLLAR_TEXT.match(sql, at):
        end = sql.find(dollar.group(), dollar.end())
        if end < 0:
            reason = f"le texte ouvert par {dollar.group()} n'est pas fermé"
            raise VqlSyntaxError(reason, sql, at, dollar.end())
        return Token(Kind.TEXT, at, end + len(dollar.group()), sql[dollar.end() : end], "$$")
    if sql.startswith("::", at) or sql.startswith(":=", at):
        return Token(Kind.OPERATOR, at, at + 2, sql[at : at + 2])
    if parameter := _PARAMETER.match(sql, at):
        return Token(Kind.PARAMETER, at, parameter.end(), parameter.group())
    if number := _NUMBER.match(sql, at):
        fault = None if _PLAIN_NUMBER.fullmatch(number.group()) else "number"
        return Token(Kind.NUMBER, at, number.end(), number.group(), fault)
    if character in "(),.;[]{}:":
        return Token(Kind.PUNCTUATION, at, at + 1, character)
    if operator := _OPERATOR.match(sql, at):
        return _operator(at, operator.group())
    raise VqlSyntaxError(f"le caractère « {character} » n'existe pas en SQL", sql, at, at + 1)


def _operator(at: int, found: str) -> Token:
    for comment in ("--", "/*"):
        if (cut := found.find(comment)) > 0:
            found = found[:cut]
    # `=-1` is `=` then `-1`; VQL reads `*` after a comparison in the same way.
    while len(found) > 1 and found[-1] in "+-" and not _SPECIAL & set(found):
        found = found[:-1]
    if len(found) > 1 and set(found) <= set("+-*/%"):
        found = found[0]
    return Token(Kind.OPERATOR, at, at + len(found), found)


def _text(sql: str, start: int, quote: int, fault: str | None = None) -> Token:
    at = quote + 1
    while True:
        end = sql.find("'", at)
        if end < 0:
            raise VqlSyntaxError(
                "un texte n'est pas fermé ; une apostrophe dans un texte se double, 'l''école'",
                sql,
                start,
                quote + 1,
            )
        if fault == "E":
            backslashes = len(sql[quote + 1 : end]) - len(sql[quote + 1 : end].rstrip("\\"))
            if backslashes % 2:
                at = end + 1
                continue
        if sql.startswith("''", end):
            at = end + 2
            continue
        return Token(Kind.TEXT, start, end + 1, sql[quote + 1 : end].replace("''", "'"), fault)


def _quoted(sql: str, start: int, quote: str) -> Token:
    at = start + 1
    while True:
        end = sql.find(quote, at)
        if end < 0:
            raise VqlSyntaxError(f"un nom ouvert par {quote} n'est pas fermé", sql, start, start + 1)
        if sql.startswith(quote * 2, end):
            at = end + 2
            continue
        value = sql[start + 1 : end].replace(quote * 2, quote)
        return Token(Kind.QUOTED, start, end + 1, value, quote if quote == "`" else None)


def _end_of_line(sql: str, at: int) -> int:
    end = sql.find("\n", at)
    return len(sql) if end < 0 else end


def _end_of_comment(sql: str, at: int) -> int:
    depth, here = 1, at + 2
    while depth:
        opened, closed = sql.find("/*", here), sql.find("*/", here)
        if closed < 0:
            raise VqlSyntaxError("un commentaire /* n'est pas fermé", sql, at, at + 2)
        if 0 <= opened < closed:
            depth, here = depth + 1, opened + 2
        else:
            depth, here = depth - 1, closed + 2
    return here


def words_of(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


def shortened(text: str) -> str:
    """A text as messages quote it: forty characters at most."""
    return text if len(text) <= 40 else f"{text[:39]}…"
