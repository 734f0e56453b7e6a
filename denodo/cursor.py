"""Goes through the tokens of a VQL text, and records where each node of its tree stands."""

from __future__ import annotations

from collections.abc import Callable

from sqlglot import exp

from denodo.lexer import Token, VqlSyntaxError, tokenize


def words_of(text: str) -> frozenset[str]:
    """The words of a text, as a set."""
    return frozenset(text.split())


class _Cursor:
    """A place among the tokens of one text."""

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

    # ------------------------------------------------------------------- lists

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

    def raw_parentheses(self) -> str:
        """Takes `( … )` whatever is in it, and returns the text between the outermost parentheses."""
        start = self.expect("(").end
        depth = 1
        while depth:
            if self.token.kind == "end":
                self.fail("« ) » attendu")
            depth += {"(": 1, ")": -1}.get(self.advance().upper, 0)
        return self.sql[start : self.last.start].strip()
