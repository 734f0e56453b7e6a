"""Reads the tables of FROM and their joins.

Source: Denodo 7.0 manual, VQL guide, "FROM Clause" and its pages, "Dynamic Choice of Join Strategy".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from denodo import catalogue
from denodo.checking.advice import FUNCTION_ADVICE, TABLE_FUNCTIONS, advice_for
from denodo.checking.conditions import Conditions
from denodo.checking.lexer import Kind, Token
from denodo.checking.tree import Expr, Output, Scope, Source
from denodo.cursor import words_of

METHODS = frozenset({"HASH", "NESTED", "MERGE", "PARALLEL", "ORDERED", "REVERSEORDER"})
JOIN_WORDS = frozenset({"INNER", "LEFT", "RIGHT", "FULL", "NATURAL", "CROSS", "JOIN", "OUTER"})
FOREIGN_JOINS = frozenset({"SEMI", "ANTI", "ASOF", "POSITIONAL", "STRAIGHT_JOIN", "APPLY"})
SET_WORDS = frozenset({"UNION", "EXCEPT", "INTERSECT", "MINUS"})
# What may follow an expression of SELECT, and so is no alias.
AFTER_FIELD = SET_WORDS | words_of(
    "FROM WHERE GROUP HAVING ORDER LIMIT OFFSET FETCH INTO WINDOW QUALIFY CONTEXT TRACE FOR EXTENDED WITH"
)
AFTER_TABLE = (
    (AFTER_FIELD - {"FROM", "INTO"}) | JOIN_WORDS | FOREIGN_JOINS | {"ON", "USING", "TABLESAMPLE", "SET"}
)
_PLAIN_NAME = re.compile("[a-z][a-z0-9_]*")


class Sources(Conditions):
    """The grammar of FROM."""

    def __init__(self, sql: str, *, portable: bool) -> None:
        """Begins at the start of a text; `portable` as in `check`."""
        super().__init__(sql, portable=portable)
        # The CTEs in sight, one table of names a query.
        self.named: list[dict[str, Output]] = [{}]

    def _from(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        equal = self._joined(scope)
        while self.accept_sign(","):
            equal += self._joined(scope)
        return equal

    def _joined(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        equal = self._table(scope)
        while self._at_join():
            equal += self._join(scope)
        return equal

    def _at_join(self) -> bool:
        if self.at(*JOIN_WORDS):
            return True
        if self.at(*FOREIGN_JOINS):
            return self.at("JOIN", ahead=1) or self.at("STRAIGHT_JOIN")
        ahead = 0
        while self.at(*METHODS, ahead=ahead):
            ahead += 1
        return ahead > 0 and self.at(*JOIN_WORDS, ahead=ahead)

    def _join(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        begin = self.peek()
        words: list[Token] = []
        while self.at(*METHODS, *FOREIGN_JOINS, *(JOIN_WORDS - {"JOIN"})):
            words.append(self.take())
        kinds = {word.value for word in words}
        foreign = [word for word in words if word.value in FOREIGN_JOINS]
        if foreign:
            first, last = words[0], foreign[-1]
            said = self.sql[first.start : last.end]
            self.report("vql-jointure", first.start, last.end, f"`{said}` n'est pas une jointure de VQL.")
        if not kinds & {"APPLY", "STRAIGHT_JOIN"}:
            begin = self.expect("JOIN")
        if self.peek().kind is Kind.NUMBER:
            self.take()
        equal = self._table(scope)
        if kinds & {"NATURAL", "CROSS", "APPLY", "STRAIGHT_JOIN"}:
            if "NATURAL" in kinds:
                scope.merged = True
            if self.accept("ON"):
                self._on()
            return equal
        while self._at_join():
            nested = self.peek()
            equal += self._join(scope)
            if self.at("ON", "USING"):
                self.report(
                    "vql-jointure",
                    nested.start,
                    nested.end,
                    "Une jointure est emboîtée dans une autre sans parenthèses.",
                    write="Écrivez les jointures l'une après l'autre, chacune avec son ON.",
                )
        if self.accept("ON"):
            return equal + equalities(self._on())
        if self.accept("USING"):
            self._names_in_brackets()
            scope.merged = True
            if self.at("AS"):
                word = self.take()
                self.name()
                self.report(
                    "vql-alias-colonnes",
                    word.start,
                    self.last_end,
                    "USING (…) AS n'est pas documenté en VQL.",
                )
            return equal
        self.report("vql-jointure", begin.start, begin.end, "Cette jointure n'a ni ON ni USING.")
        return equal

    def _on(self) -> Expr:
        with self._in_clause("on"):
            return self._tested(self.expression())

    def _table(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        if self.at("LATERAL"):
            word = self.take()
            self.report("vql-lateral", word.start, word.end, "LATERAL n'est pas documenté en VQL.")
        if self.at("ONLY") and (self.at_name(1) or self.at_sign("(", ahead=1)):
            word = self.take()
            self.report("vql-from-options", word.start, word.end, "ONLY n'est pas documenté en VQL.")
        if self.at_sign("("):
            return self._bracketed_table(scope)
        if self.at("FLATTEN") and self.at_sign("(", ahead=1):
            self.take()
            self.skip_brackets()
            self._named_table(scope, None, None)
            return []
        if self.at("ROWS") and self.at("FROM", ahead=1):
            word = self.take()
            self.take()
            self.skip_brackets()
            self.report("vql-fonction-from", word.start, word.end, "ROWS FROM n'existe que dans PostgreSQL.")
            self._named_table(scope, None, None)
            return []
        if self.at("VALUES"):
            self._values_table()
            self._named_table(scope, None, None)
            return []
        start = self.peek().start
        parts = self._table_name()
        if self.at_sign("("):
            self._procedure(parts, start)
            self._named_table(scope, None, None)
            return []
        if self.accept_sign("*"):
            self.report("vql-from-options", start, self.last_end, "`table *` n'existe que dans PostgreSQL.")
        label = self.label(parts[-1])
        known = self._cte(label) if len(parts) == 1 else None
        self._named_table(scope, label, known)
        return []

    def _cte(self, label: str) -> Output | None:
        return next((known[label] for known in reversed(self.named) if label in known), None)

    def _table_name(self) -> list[Token]:
        parts = [self.name()]
        while self.accept_sign("."):
            parts.append(self.name(any_word=True))
        if len(parts) > 2:
            start, end = parts[0].start, parts[-1].end
            self.report(
                "vql-nom-trois-parties", start, end, f"`{self.sql[start:end]}` a {len(parts)} parties."
            )
        return parts

    def _procedure(self, parts: list[Token], start: int) -> None:
        function = parts[-1].value.upper()
        with self._in_clause("from"):
            self.expect_sign("(")
            self._arguments()
            self.expect_sign(")")
        foreign = (
            function in TABLE_FUNCTIONS or function in FUNCTION_ADVICE or function.startswith(("JSON", "PG_"))
        )
        if foreign:
            write = advice_for(function)
            self.report(
                "vql-fonction-from",
                start,
                parts[-1].end,
                f"`{self.sql[start : parts[-1].end]}(…)` n'est pas une table de VQL.",
                write=write,
            )

    def _bracketed_table(self, scope: Scope) -> list[tuple[Expr, Expr]]:
        if self.at_query():
            output = (
                self._subquery_table()
                if not self.at_sign("(", ahead=1)
                else self.attempt(self._subquery_table)
            )
            if output is not None:
                self._named_table(scope, None, output)
                return []
        self.expect_sign("(")
        equal = self._joined(scope)
        self.expect_sign(")")
        if self.at("AS") or (self.at_name() and self._is_table_alias()):
            alias = self._alias(AFTER_TABLE)
            if alias is not None:
                self.report(
                    "vql-alias-colonnes",
                    alias.start,
                    alias.end,
                    "Une jointure entre parenthèses n'a pas d'alias en VQL.",
                    write="Donnez un alias à chaque table, non à la jointure.",
                )
        return equal

    def _subquery_table(self) -> Output:
        self.expect_sign("(")
        output = self.query("from")
        self.expect_sign(")")
        self.named_by_author(output)
        return output

    def named_by_author(self, output: Output) -> None:
        """Reports the calculations of a result whose name each engine would make up."""
        names = {column.name for column in output.columns}
        for column in output.columns:
            expr = column.expr
            # A condition or a subquery has no business there at all, which is said already.
            if column.name is not None or expr is None or expr.kind in {"star", "subquery", "tuple"}:
                continue
            if expr.condition and expr.name not in {"=", "exists"}:
                continue
            shown = " ".join(self.sql[expr.start : expr.end].split())
            name = _name_in_postgresql(expr)
            known = name is not None and name not in names and output.complete
            self.report(
                "sens-sans-alias",
                expr.start,
                expr.end,
                f"`{shown if len(shown) <= 40 else shown[:39] + '…'}` n'a pas d'alias.",
                write=f"Ajoutez un alias : `as {name}`." if known else None,
                edit=(expr.end, expr.end, f" as {name}") if known else None,
            )
            names.add(name)

    def _named_table(self, scope: Scope, label: str | None, output: Output | None) -> None:
        """Reads what may follow a table: ordinality, sampling, an alias and names of columns."""
        if self.at_words("WITH", "ORDINALITY"):
            word = self.take()
            end = self.take().end
            self.report("vql-from-options", word.start, end, "WITH ORDINALITY n'est pas documenté en VQL.")
        self._sample()
        if self.at("AS") or self._is_table_alias():
            alias = self._alias(AFTER_TABLE)
            if alias is not None:
                label = self.label(alias)
            if self.at_sign("("):
                begin = self.peek().start
                self.skip_brackets()
                self.report(
                    "vql-alias-colonnes", begin, self.last_end, "Un alias de table nomme ici ses colonnes."
                )
                output = None
        elif self.peek().kind is Kind.TEXT:
            self._alias(AFTER_TABLE)
        self._sample()
        scope.sources.append(Source(label, output))

    def _is_table_alias(self) -> bool:
        if not self.at_name() or self.at(*AFTER_TABLE):
            return False
        return not self._at_join()

    def _sample(self) -> None:
        if self.at("TABLESAMPLE"):
            word = self.take()
            self.name(any_word=True)
            self.skip_brackets()
            if self.accept("REPEATABLE"):
                self.skip_brackets()
            self.report("vql-from-options", word.start, word.end, "TABLESAMPLE n'est pas documenté en VQL.")

    def _tested(self, expr: Expr) -> Expr:
        """A condition: a boolean column will do, a subquery or several values will not."""
        if expr.kind in {"subquery", "tuple"}:
            self.value(expr)
        return expr

    def _alias(self, stop: frozenset[str]) -> Token | None:
        """Reads `[as] alias` when there is one."""
        explicit = self.accept("AS")
        token = self.peek()
        if token.kind is Kind.TEXT and (explicit or self.last_end < token.start):
            self.take()
            plain = token.value.lower()
            edit = (token.start, token.end, plain) if plain.isidentifier() and plain.isascii() else None
            self.report(
                "vql-alias-apostrophes",
                token.start,
                token.end,
                f"L'alias {self.written(token)} est entre apostrophes.",
                edit=edit,
            )
            return Token(Kind.QUOTED, token.start, token.end, token.value)
        if explicit:
            return self.name(any_word=True)
        if token.kind is Kind.QUOTED or (
            token.kind is Kind.WORD and token.value not in stop and self.at_name()
        ):
            return self.name()
        return None

    def _names_in_brackets(self) -> list[Token]:
        self.expect_sign("(")
        names = [self.name(any_word=True)]
        while self.accept_sign(","):
            names.append(self.name(any_word=True))
        self.expect_sign(")")
        return names

    def _values_table(self) -> Output:
        word = self.take()
        self.report("vql-values", word.start, word.end, "VALUES n'est pas une table en VQL.")
        while True:
            self.expect_sign("(")
            self._values()
            self.expect_sign(")")
            if not self.accept_sign(","):
                return Output([], complete=False)

    @contextmanager
    def _in_clause(self, clause: str) -> Iterator[None]:
        before = self.clause, self.nested
        self.clause, self.nested = clause, 0
        try:
            yield
        finally:
            self.clause, self.nested = before


def _name_in_postgresql(expr: Expr) -> str | None:
    """The name PostgreSQL gives a conversion, that of the column, when it can stand as an alias."""
    while expr.kind == "cast" and len(expr.parts) == 1 and expr.name != "datetime":
        expr = expr.parts[0]
    plain = expr.kind == "column" and _PLAIN_NAME.fullmatch(expr.name) is not None
    return expr.name if plain and not catalogue.is_reserved(expr.name.upper()) else None


def equalities(condition: Expr) -> list[tuple[Expr, Expr]]:
    """The pairs of columns that a condition holds equal."""
    pairs: list[tuple[Expr, Expr]] = []
    waiting = [condition]
    while waiting:
        part = waiting.pop()
        if part.name == "and":
            waiting += reversed(part.parts)
        elif part.name == "=" and part.condition:
            columns = [side for side in part.parts if side.kind == "column" and side.qualifier]
            pairs += [(columns[0], columns[1])] if len(columns) == 2 else []
    return pairs
