"""Reads conditions, in VQL or PostgreSQL, and reports what documented VQL does not have.

Source: Denodo 7.0 manual, VQL guide, "Syntax of Functions and Condition Values", "Comparison Operators",
"WHERE Clause", "CASE Clause", "Type Conversion Functions".
"""

from __future__ import annotations

from denodo.checking.lexer import Kind, Token
from denodo.checking.tree import Expr
from denodo.checking.values import COMPARISONS, TESTS, Values

WORD_OPERATORS = frozenset(
    {"CONTAINS", "CONTAINSAND", "CONTAINSOR", "ISCONTAINED", "REGEXP_LIKE", "REGEXP_ILIKE"}
)
PREDICATES = WORD_OPERATORS | {
    "IS",
    "IN",
    "LIKE",
    "ILIKE",
    "SIMILAR",
    "BETWEEN",
    "ISNULL",
    "NOTNULL",
    "OVERLAPS",
    "RLIKE",
    "REGEXP",
    "GLOB",
}


class Conditions(Values):
    """The grammar of conditions."""

    def expression(self) -> Expr:
        """Reads a condition or a value."""
        left = self._conjunction()
        while self.at("OR"):
            self.take()
            left = self._condition("or", left, self._conjunction())
        return left

    def _conjunction(self) -> Expr:
        left = self._negation()
        while self.at("AND"):
            self.take()
            left = self._condition("and", left, self._negation())
        return left

    def _negation(self) -> Expr:
        if self.at("NOT"):
            start = self.take().start
            inner = self._negation()
            return Expr("condition", start, inner.end, "not", parts=[inner])
        return self._predicate()

    def _condition(self, name: str, *parts: Expr) -> Expr:
        return Expr("condition", parts[0].start, self.last_end, name, parts=list(parts))

    def _predicate(self) -> Expr:
        left = self.operand()
        while True:
            token = self.peek()
            if token.kind is Kind.OPERATOR and token.value in COMPARISONS:
                left = self._comparison(left)
            elif token.kind is Kind.OPERATOR and token.value in TESTS:
                left = self._test(left)
            elif token.kind is Kind.WORD and token.value in PREDICATES:
                left = self._word_predicate(left, negation=None)
            elif self.at("NOT") and self.peek(1).kind is Kind.WORD and self.peek(1).value in PREDICATES:
                left = self._word_predicate(left, negation=self.take())
            else:
                return left

    def value(self, expr: Expr, *, subquery: bool = False) -> Expr:
        """Checks an expression that stands where VQL's grammar wants a value."""
        if expr.condition:
            self.report(
                "vql-booleen-valeur",
                expr.start,
                expr.end,
                "Une condition est employée ici comme une valeur.",
            )
        elif expr.kind == "subquery" and not subquery:
            self.misplaced(expr, as_value=True)
        elif expr.kind == "tuple":
            self.report(
                "vql-ligne",
                expr.start,
                expr.end,
                "Plusieurs valeurs entre parenthèses sont comparées ensemble.",
            )
        return expr

    def misplaced(self, expr: Expr, *, as_value: bool = False) -> None:
        """Reports a subquery that is not in a place VQL's grammar has for it."""
        rule, where = {
            "select": ("vql-sous-requete-select", "dans la liste du SELECT"),
            "having": ("vql-sous-requete-having", "dans HAVING"),
            "on": ("vql-sous-requete-jointure", "dans la condition ON d'une jointure"),
        }.get(self.clause, ("vql-sous-requete-valeur", "comme une valeur"))
        if self.clause == "where" and not (as_value or self.nested):
            return
        self.report(rule, expr.start, expr.end, f"Une sous-requête est employée {where}.")

    def _comparison(self, left: Expr) -> Expr:
        token = self.take()
        if token.value == "!=":
            self.report(
                "vql-different",
                token.start,
                token.end,
                "`!=` n'est pas documenté en VQL.",
                edit=(token.start, token.end, "<>"),
            )
        rows = left.kind == "row" and token.value in {"=", "<>", "!="}
        if left.kind == "row" and not rows:
            self.report("vql-ligne", left.start, left.end, "ROW ne se compare que par `=` et `<>`.")
        self.value(left)
        if self.at("ANY", "ALL", "SOME") and self.at_sign("(", ahead=1):
            return self._condition(token.value, left, self._quantified())
        right = self.operand()
        self.value(right, subquery=True)
        if right.kind == "subquery":
            self.misplaced(right)
        return self._condition("=" if token.value == "=" else token.value, left, right)

    def _quantified(self) -> Expr:
        word = self.take()
        if self.at_query():
            if word.value == "SOME":
                self.report(
                    "vql-some",
                    word.start,
                    word.end,
                    "SOME n'est pas documenté en VQL.",
                    edit=(word.start, word.end, "any"),
                )
            query = self._bracketed_query()
            self.misplaced(query)
            return query
        self.expect_sign("(")
        inner = self._values()[0]
        end = self.expect_sign(")").end
        self.report("vql-tableau", word.start, end, f"`{word.value.lower()}` est suivi d'un tableau.")
        return inner

    def _test(self, left: Expr) -> Expr:
        token = self.take()
        if token.value == "~":
            return self._similarity(left, token)
        self._refuse_operator(token)
        if self.at("ANY", "ALL", "SOME") and self.at_sign("(", ahead=1):
            return self._condition(token.value, left, self._quantified())
        right = self.operand()
        if token.value in {"<<", ">>"}:
            # Bits moved, more often than two ranges compared.
            return self._operation(token, left, right)
        return self._condition(token.value, left, right)

    def _similarity(self, left: Expr, token: Token) -> Expr:
        right = self.operand()
        message = (
            "`~` cherche une expression rationnelle sur PostgreSQL et mesure une ressemblance sur Denodo."
        )
        if self.portable:
            self.report("sens-tilde", token.start, token.end, message)
        elif right.kind != "tuple":
            self.report(
                "vql-operateur",
                token.start,
                token.end,
                "`~` attend en VQL une liste : texte, seuil, algorithme.",
                why="En VQL, `~` mesure la ressemblance de deux textes.",
                write="`x regexp_like 'motif'` pour une expression rationnelle.",
            )
        return self._condition("~", left, right)

    def _word_predicate(self, left: Expr, negation: Token | None) -> Expr:
        word = self.take()
        if negation and word.value not in {"IN", "LIKE", "BETWEEN", "ILIKE", "SIMILAR"}:
            self.report(
                "vql-not-operateur",
                negation.start,
                word.end,
                f"`not {word.value.lower()}` n'est pas documenté en VQL.",
                write=f"Mettez NOT devant la condition entière : `not (x {word.value.lower()} …)`.",
            )
        match word.value:
            case "IS":
                return self._is(left, word)
            case "ISNULL" | "NOTNULL":
                plain = "is null" if word.value == "ISNULL" else "is not null"
                self.report(
                    "vql-is",
                    word.start,
                    word.end,
                    f"`{word.value.lower()}` n'est pas documenté en VQL.",
                    write=f"`{plain}`.",
                    edit=(word.start, word.end, plain),
                )
                return self._condition(plain, self.value(left))
            case "IN":
                return self._in(left)
            case "BETWEEN":
                return self._between(left)
            case "LIKE" | "ILIKE" | "SIMILAR":
                return self._like(left, word, negation)
            case "CONTAINSAND" | "CONTAINSOR" | "ISCONTAINED":
                self.value(left)
                if not self.accept_sign("("):
                    return self._condition(word.value.lower(), left, self.value(self.operand()))
                parts = self._values()
                self.expect_sign(")")
                return self._condition(word.value.lower(), left, *parts)
            case "OVERLAPS" | "RLIKE" | "REGEXP" | "GLOB":
                advice = (
                    "Comparez les bornes : `debut_a < fin_b and debut_b < fin_a`."
                    if word.value == "OVERLAPS"
                    else "`{{ regexp_like('x', 'motif') }}`."
                )
                self.report(
                    "vql-operateur",
                    word.start,
                    word.end,
                    f"L'opérateur {word.value} n'existe pas en VQL.",
                    write=advice,
                )
                return self._condition(word.value.lower(), left, self.operand())
        self.value(left)
        return self._condition(word.value.lower(), left, self.value(self.operand()))

    def _is(self, left: Expr, word: Token) -> Expr:
        negated = self.accept("NOT")
        simple = left.kind == "column"
        subject = self.sql[left.start : left.end]
        if self.accept("NULL"):
            if left.kind in {"subquery", "tuple"}:
                self.value(left)
            return self._condition("is not null" if negated else "is null", left)
        if self.at("TRUE", "FALSE"):
            kind = self.take().value.lower()
            if negated:
                opposite = "false" if kind == "true" else "true"
                form = f"({subject} is {opposite} or {subject} is null)"
                self.report(
                    "vql-is",
                    word.start,
                    self.last_end,
                    f"`is not {kind}` n'est pas documenté en VQL.",
                    write=f"`{form if simple else form.replace(subject, 'x')}`.",
                    edit=(left.start, self.last_end, form) if simple else None,
                )
            return self._condition(f"is {'not ' if negated else ''}{kind}", left)
        if self.accept("UNKNOWN"):
            plain = "is not null" if negated else "is null"
            self.report(
                "vql-is",
                word.start,
                self.last_end,
                "`is unknown` n'est pas documenté en VQL.",
                write=f"`{plain}`.",
                edit=(word.start, self.last_end, plain),
            )
            return self._condition("is unknown", left)
        if self.accept("DISTINCT", "FROM"):
            end = self.last_end
            form = "IS NOT DISTINCT FROM" if negated else "IS DISTINCT FROM"
            write = None
            if negated:
                write = "`{{ dbt.equals('a', 'b') }}`."
            self.report(
                "vql-is-distinct-from", word.start, end, f"{form} n'est pas documenté en VQL.", write=write
            )
            return self._condition(form.lower(), left, self.operand())
        if self.at("JSON", "DOCUMENT", "NORMALIZED", "OF", "NFC", "NFD", "NFKC", "NFKD"):
            self.take()
            while self.at("OBJECT", "ARRAY", "SCALAR", "VALUE", "NORMALIZED"):
                self.take()
            if self.at_sign("("):
                self.skip_brackets()
            self.report("vql-is", word.start, self.last_end, "Cette forme de IS n'est pas documentée en VQL.")
            return self._condition("is", left)
        self.fail("`null`, `not null`, `true` ou `false` était attendu après `is`")
        return left

    def _in(self, left: Expr) -> Expr:
        self.value(left)
        if left.kind == "row":
            self.report("vql-ligne", left.start, left.end, "ROW ne se compare que par `=` et `<>`.")
        if self.at_query():
            query = self._bracketed_query()
            self.misplaced(query)
            return self._condition("in", left, query)
        self.expect_sign("(")
        values = self._values()
        self.expect_sign(")")
        return self._condition("in", left, *values)

    def _between(self, left: Expr) -> Expr:
        if self.at("SYMMETRIC", "ASYMMETRIC"):
            word = self.take()
            edit = None
            if word.value == "ASYMMETRIC":
                edit = (word.start, self.peek().start, "")
            self.report(
                "vql-between-symmetric",
                word.start,
                word.end,
                f"BETWEEN {word.value} n'est pas documenté en VQL.",
                write="Retirez ASYMMETRIC : c'est le sens de BETWEEN." if edit else None,
                edit=edit,
            )
        low = self.value(self.operand())
        self.expect("AND")
        high = self.value(self.operand())
        self.value(left)
        return self._condition("between", left, low, high)

    def _like(self, left: Expr, word: Token, negation: Token | None) -> Expr:
        self.value(left)
        if word.value == "SIMILAR":
            self.expect("TO")
            self.report("vql-similar-to", word.start, self.last_end, "SIMILAR TO n'est pas documenté en VQL.")
        if self.at("ANY", "ALL", "SOME") and self.at_sign("(", ahead=1):
            self.report(
                "vql-like-liste",
                word.start,
                self.peek().end,
                f"{word.value} {self.peek().value} n'est pas documenté en VQL.",
            )
            self.take()
            self.expect_sign("(")
            if self.at("SELECT", "WITH", "VALUES"):
                self.query("where")
            else:
                self._values()
            self.expect_sign(")")
            return self._condition("like", left)
        pattern = self.value(self.operand())
        escape: Expr | None = None
        if self.accept("ESCAPE"):
            escape = self.operand()
            if escape.kind == "text" and len(escape.value or "") != 1:
                self.report("vql-echappement", escape.start, escape.end, "ESCAPE attend un seul caractère.")
        known = _pattern(pattern)
        if word.value == "ILIKE":
            x, motif = self.sql[left.start : left.end], self.sql[pattern.start : pattern.end]
            safe = escape is not None or (known is not None and "\\" not in known)
            form = f"lower({x}) {'not ' if negation else ''}like lower({motif})"
            self.report(
                "vql-ilike",
                word.start,
                word.end,
                "ILIKE n'est pas documenté en VQL.",
                edit=(left.start, pattern.end, form) if safe else None,
            )
        elif word.value == "LIKE" and escape is None:
            if known is not None and any(sign in known for sign in "\\$"):
                edit = None
                if "\\" not in known and "~" not in known:
                    edit = (pattern.end, pattern.end, " escape '~'")
                self.report(
                    "sens-like",
                    word.start,
                    pattern.end,
                    "Le motif de LIKE contient `\\` ou `$` sans ESCAPE.",
                    edit=edit,
                )
            elif known is None and pattern.kind != "parameter":
                self.report(
                    "avis-like-variable",
                    word.start,
                    pattern.end,
                    "Le motif de LIKE est calculé, sans ESCAPE.",
                )
        return self._condition("like", left, pattern)


def _pattern(expr: Expr) -> str | None:
    """The text of a LIKE pattern, when the query writes it out."""
    if expr.kind == "text":
        return expr.value or ""
    if expr.kind == "call" and expr.name in {"LOWER", "UPPER"} and len(expr.parts) == 1:
        return _pattern(expr.parts[0])
    if (expr.kind == "operation" and expr.name == "||") or (expr.kind == "call" and expr.name == "CONCAT"):
        known = [_pattern(part) for part in expr.parts]
        return "".join(text or "" for text in known) if None not in known else None
    return None
