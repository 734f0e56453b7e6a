"""Cuts VQL text into tokens that know where they stand.

source: Denodo 7.0 manual, "Syntax Conventions" and "Comments". The lexer also reads what only PostgreSQL
has (`::`, `$$…$$`, `E'…'`), so that the checker can name it instead of stumbling over it.
"""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass


class VqlSyntaxError(ValueError):
    """A text that is no VQL: `line` and `column` count from 1, `offset` from 0; `found` is the token."""

    def __init__(self, message: str, line: int, column: int, offset: int, found: str) -> None:
        """`message` is what was found and expected, in French."""
        super().__init__(f"ligne {line}, colonne {column} : {message}")
        self.reason = message
        self.line = line
        self.column = column
        self.offset = offset
        self.found = found


@dataclass(frozen=True, slots=True)
class Token:
    """One token.

    `kind` is word, quoted, string, number, operator, comment or end; `text` is its value (quotes removed,
    doubled quotes single), `raw` what stands in the text; `start` and `end` are offsets (end exclusive),
    `line` and `column` count from 1; `prefix` is the E, U&, B, X, N or `$tag$` before a string, else "".
    """

    kind: str
    text: str
    raw: str
    start: int
    end: int
    line: int
    column: int
    prefix: str = ""

    @property
    def upper(self) -> str:
        """The text in upper case, for keywords; a quoted identifier or a string is never a keyword."""
        return self.text.upper() if self.kind in ("word", "operator") else ""


_TOKEN = re.compile(
    r"""
      (?P<space>\s+)
    | (?P<comment>--[^\n]*|\#[^\n]*)
    | (?P<block>/\*)
    | (?P<dollar>\$(?P<tag>[A-Za-z_]\w*)?\$)
    | (?P<string>(?P<prefix>[eEbBxXnN]|[uU]&)?'(?:[^']|'')*')
    | (?P<quoted>(?:[uU]&)?"(?:[^"]|"")*"|`[^`]*`)
    | (?P<number>0[xX][0-9A-Fa-f]+|(?:\d+(?:_\d+)*\.(?!\.)\d*|\.\d+|\d+(?:_\d+)*)(?:[eE][+-]?\d+)?)
    | (?P<word>[^\W\d](?:\w|\$)*)
    | (?P<operator>!~~\*|!~~|~~\*|!~\*|->>|\|\|/|!~|~\*|~~|->|::|:=|=>|<>|!=|<=|>=|\|\||\|/|@>|<@|&&|<<|>>|
        @@|@\?|\?\||\?&|\*\*|\.\.|[-+*/%^~!@&|?<>=()\[\]{},.;:$\\])
    """,
    re.VERBOSE,
)


class Lines:
    """Turns offsets of a text into line and column, both counted from 1."""

    def __init__(self, text: str) -> None:
        """`text` is the whole text the offsets are of."""
        self._starts = [0, *(match.end() for match in re.finditer("\n", text))]

    def place(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset."""
        line = bisect.bisect_right(self._starts, offset)
        return line, offset - self._starts[line - 1] + 1


def tokenize(sql: str, *, comments: bool = False) -> list[Token]:
    """The tokens of a text, the last of kind "end"; with `comments`, those of kind "comment" too.

    Raises VqlSyntaxError for an unfinished string, quoted identifier or comment and for an unknown character.
    """
    lines = Lines(sql)
    tokens: list[Token] = []
    offset = 0
    while offset < len(sql):
        match = _TOKEN.match(sql, offset)
        line, column = lines.place(offset)
        if match is None:
            found = sql[offset]
            reason = (
                "texte entre apostrophes non terminé"
                if found == "'" or (found in "eEbBxXnNuU" and "'" in sql[offset : offset + 3])
                else "identifiant entre guillemets non terminé"
                if found in '"`'
                else f"caractère « {found} » inattendu"
            )
            raise VqlSyntaxError(reason, line, column, offset, found)
        kind = match.lastgroup or ""
        if kind == "tag":
            kind = "dollar"
        end = match.end()
        raw = match.group()
        if kind == "space":
            offset = end
            continue
        if kind == "block":
            end = _end_of_comment(sql, offset)
            if end < 0:
                raise VqlSyntaxError("commentaire « /* » non terminé", line, column, offset, "/*")
            kind, raw = "comment", sql[offset:end]
        text, prefix = raw, ""
        if kind == "dollar":
            closing = sql.find(raw, end)
            if closing < 0:
                kind, raw, text, end = "operator", "$", "$", offset + 1
            else:
                kind, prefix, text = "string", raw, sql[end:closing]
                end = closing + len(raw)
                raw = sql[offset:end]
        elif kind in ("string", "prefix"):
            kind = "string"
            prefix = match.group("prefix") or ""
            text = raw[len(prefix) + 1 : -1].replace("''", "'")
        elif kind == "quoted":
            prefix = raw[:2] if raw[0] in "uU" else raw[0]
            text = raw[raw.index('"') + 1 : -1].replace('""', '"') if '"' in raw[:3] else raw[1:-1]
        if kind != "comment" or comments:
            tokens.append(Token(kind, text, raw, offset, end, line, column, prefix))
        offset = end
    line, column = lines.place(len(sql))
    tokens.append(Token("end", "", "", len(sql), len(sql), line, column))
    return tokens


def _end_of_comment(sql: str, start: int) -> int:
    end = sql.find("*/", start + 2)
    return -1 if end < 0 else end + 2
