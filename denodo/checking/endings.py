"""Reads what ends a query: ORDER BY, OFFSET, FETCH and LIMIT, CONTEXT, TRACE.

Source: Denodo 7.0 manual, VQL guide, "ORDER BY Clause", "OFFSET, FETCH and LIMIT", "CONTEXT Clause".
"""

from __future__ import annotations

from dataclasses import replace

from denodo.checking.finding import Edit
from denodo.checking.lexer import Token
from denodo.checking.sources import AFTER_FIELD, Sources
from denodo.checking.tree import Column, Expr, Output


class Endings(Sources):
    """The grammar of what follows the SELECTs of a query."""

    def __init__(self, sql: str, *, portable: bool) -> None:
        """Begins at the start of a text; `portable` as in `check`."""
        super().__init__(sql, portable=portable)
        # The columns of the SELECT read last, when ORDER BY sorts that one alone.
        self.sortable: list[Column] | None = None
        self.distinct = False
        # NULLS FIRST and NULLS LAST of the ORDER BY read last: what is sorted, the finding, how to write it.
        self.nulls: list[tuple[Expr, int, Edit]] = []

    def order_items(self) -> list[Expr]:
        """Reads what follows ORDER BY."""
        items: list[Expr] = []
        self.nulls = []
        while True:
            expr = self.value(self.expression())
            items.append(expr)
            direction = ""
            if self.at("ASC", "DESC"):
                direction = self.take().value.lower()
            elif self.at("USING"):
                word = self.take()
                sign = self.take()
                edit = {"<": "asc", ">": "desc"}.get(sign.value)
                self.report(
                    "vql-order-using",
                    word.start,
                    sign.end,
                    "ORDER BY … USING n'est pas documenté en VQL.",
                    edit=(word.start, sign.end, edit) if edit else None,
                )
            if self.at("NULLS") and self.at("FIRST", "LAST", ahead=1):
                word, place = self.take(), self.take()
                first, last = ("0", "1") if place.value == "FIRST" else ("1", "0")
                subject = self.sql[expr.start : expr.end]
                form = f"case when {subject} is null then {first} else {last} end, {subject}"
                form += f" {direction}" if direction else ""
                plain = expr.kind == "column"
                self.report(
                    "vql-nulls",
                    word.start,
                    place.end,
                    f"NULLS {place.value} n'est pas documenté en VQL.",
                    write=f"`order by {form}`." if plain else None,
                )
                if plain:
                    self.nulls.append((expr, len(self.findings) - 1, (expr.start, place.end, form)))
            if not self.accept_sign(","):
                return items

    def _sorted(self, output: Output, items: list[Expr]) -> None:
        """ORDER BY sees the columns of the result only."""
        fields = self.sortable or []
        self._mend_nulls(fields)
        stars = any(field.expr is not None and field.expr.kind == "star" for field in fields)
        if not fields or stars or not output.complete:
            return
        seen = {column.name for column in output.columns}
        seen |= {
            column.expr.name for column in output.columns if column.expr and column.expr.kind == "column"
        }
        texts = {
            _plain(self.sql[column.expr.start : column.expr.end]) for column in output.columns if column.expr
        }
        for item in items:
            if item.aggregate or _plain(self.sql[item.start : item.end]) in texts:
                continue
            for part in item.walk():
                if part.kind == "column" and part.name and part.name not in seen:
                    self.report(
                        "vql-order-projete",
                        part.start,
                        part.end,
                        f"La requête trie par `{self.sql[part.start : part.end]}`, qu'elle ne rend pas.",
                    )

    def _mend_nulls(self, fields: list[Column]) -> None:
        """Offers CASE for NULLS LAST where PostgreSQL takes an expression: not on an alias."""
        if self.distinct:
            return
        for expr, index, edit in self.nulls:
            for field in fields:
                read = field.expr is not None and (
                    field.expr.kind == "star"
                    or (field.expr.kind == "column" and field.name == field.expr.name == expr.name)
                )
                if read:
                    self.findings[index] = replace(self.findings[index], edit=edit)
                    break

    def _limits(self, level: str) -> None:
        first: Token | None = None
        limited: Token | None = None
        spans: dict[str, tuple[int, int]] = {}
        swapped = False
        while self.at("LIMIT", "OFFSET", "FETCH"):
            word = self.take()
            first = first or word
            if word.value == "OFFSET":
                swapped = swapped or limited is not None
                self._amount(word)
                if self.at("ROW", "ROWS"):
                    self.take()
            elif word.value == "FETCH":
                limited = limited or word
                self._fetch()
            else:
                limited = limited or word
                if not (self.at_end() or self.at_sign(")") or self.at(*AFTER_FIELD)):
                    self._amount(word)
                if self.at_sign(","):
                    comma = self.take()
                    self._amount(comma)
                    self.report(
                        "vql-limite-forme",
                        word.start,
                        self.last_end,
                        "`LIMIT a, b` n'est pas documenté en VQL.",
                    )
            spans[word.value] = (word.start, self.last_end)
        if first is None:
            return
        if level not in {"top", "values"}:
            edit: Edit | None = None
            if level == "exists" and set(spans) == {"LIMIT"}:
                before = self.sql[: spans["LIMIT"][0]].rstrip()
                edit = (len(before), spans["LIMIT"][1], "")
            self.report(
                "vql-limite-sous-requete",
                first.start,
                self.last_end,
                f"{first.value} est dans une sous-requête.",
                edit=edit,
            )
        elif swapped and limited is not None:
            edit = None
            if set(spans) == {limited.value, "OFFSET"} and self._apart(
                spans[limited.value][1], spans["OFFSET"][0]
            ):
                texts = [self.sql[start:end] for start, end in (spans["OFFSET"], spans[limited.value])]
                edit = (limited.start, self.last_end, " ".join(texts))
            self.report(
                "vql-limite-ordre",
                limited.start,
                self.last_end,
                f"{limited.value} est écrit avant OFFSET.",
                edit=edit,
            )

    def _apart(self, start: int, end: int) -> bool:
        """True when only white space lies between: a comment must not be lost."""
        return not self.sql[start:end].strip()

    def _amount(self, word: Token) -> None:
        expr = self.operand() if not self.at("ALL") else Expr("null", self.peek().start, self.take().end)
        if expr.kind != "number" or not expr.name.isdigit():
            self.report(
                "vql-limite-forme",
                word.start,
                self.last_end,
                f"{word.value} n'est pas suivi d'un nombre entier.",
            )

    def _fetch(self) -> None:
        if not self.at("FIRST", "NEXT"):
            self.fail("`first` ou `next` était attendu après `fetch`")
        self.take()
        if not self.at("ROW", "ROWS"):
            self._amount(self.tokens[self.index - 2])
        if self.at("PERCENT"):
            word = self.take()
            self.report("vql-limite-forme", word.start, word.end, "PERCENT n'est pas documenté en VQL.")
        if not self.at("ROW", "ROWS"):
            self.fail("`row` ou `rows` était attendu après `fetch`")
        self.take()
        if self.at_words("WITH", "TIES"):
            word = self.take()
            self.report(
                "vql-limite-forme", word.start, self.take().end, "WITH TIES n'est pas documenté en VQL."
            )
        else:
            self.expect("ONLY")

    def _ending(self) -> None:
        while self.at("FOR") and self.at("UPDATE", "SHARE", "NO", "KEY", ahead=1):
            word = self.take()
            while not (self.at_end() or self.at_sign(")") or self.at("FOR", "CONTEXT", "TRACE")):
                self.take()
            self.report("vql-verrou", word.start, self.last_end, "FOR UPDATE n'est pas documenté en VQL.")
        if self.at("CONTEXT") and self.at_sign("(", ahead=1):
            self.take()
            self.skip_brackets()
        self.accept("TRACE")


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
