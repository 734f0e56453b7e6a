"""Reads function calls, CAST and the calls with a syntax of their own, and holds them against the catalogue.

Source: Denodo 7.0 manual, VQL guide, appendix "Syntax of Condition Functions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from denodo import catalogue
from denodo.checking.advice import advice_for
from denodo.checking.cursor import Cursor
from denodo.checking.finding import Edit
from denodo.checking.lexer import Kind, Token
from denodo.checking.tree import Expr, Output

_PATTERN_LETTERS = re.compile(
    r"[GyYMLdDFEuaHhkKmsSzZXQqWwIJCTBCROZF\W\d_]+|.*(?:YYYY|yyyy|HH24|MI\b|Mon|Month).*"
)


class Calls(Cursor):
    """Function calls and the state of the reading they depend on."""

    def __init__(self, sql: str, *, portable: bool) -> None:
        """Begins at the start of a text; `portable` as in `check`."""
        super().__init__(sql, portable=portable)
        self.clause = ""
        self.nested = 0
        # Expressions to judge once the tables of the query are known.
        self.pending: list[Expr] = []

    def expression(self) -> Expr:
        """Reads a condition or a value."""
        raise NotImplementedError

    def operand(self) -> Expr:
        """Reads a value."""
        raise NotImplementedError

    def value(self, expr: Expr, *, subquery: bool = False) -> Expr:
        """Checks an expression that stands where VQL's grammar wants a value."""
        raise NotImplementedError

    def query(self, level: str) -> Output:
        """Reads a query."""
        raise NotImplementedError

    def order_items(self) -> list[Expr]:
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

    def call(self, start: int | None = None, qualified: list[Token] | None = None) -> Expr:
        """Reads `name(arguments)` with all that may follow; `qualified` when a schema precedes the name."""
        name = qualified[-1] if qualified else self.take()
        start = name.start if start is None else start
        if qualified and len(qualified) > 1:
            self.report(
                "vql-forme-appel", start, name.end, f"`{self.sql[start : name.end]}` est précédé d'un schéma."
            )
        self.expect_sign("(")
        quantifier = None
        if self.at("DISTINCT", "ALL") and not self.at_sign(")", ahead=1):
            quantifier = self.take()
        parts, star = self._arguments()
        if self.at_words("ORDER", "BY"):
            begin = self.take().start
            self.take()
            self.order_items()
            self.report("vql-agregat-ordre", begin, self.last_end, "Un agrégat de VQL n'a pas d'ordre.")
        close = self.expect_sign(")").end
        expr = Expr("call", start, close, name.value.upper(), parts=parts)
        known = catalogue.lookup(expr.name)
        expr.aggregate = any(function.kind == catalogue.AGGREGATE for function in known) and (
            len(parts) < 2 or expr.name in {"GROUP_CONCAT", "NEST"}
        )
        expr.aggregate = expr.aggregate or any(part.aggregate for part in parts)
        self._suffixes(expr, name, quantifier, star)
        expr.end = self.last_end
        return expr

    def _arguments(self) -> tuple[list[Expr], bool]:
        parts: list[Expr] = []
        star = False
        with self.inside():
            while not self.at_sign(")") and not self.at_words("ORDER", "BY"):
                if self.at_sign("*") and self.at_sign(")", ",", ahead=1):
                    token = self.take()
                    parts.append(Expr("star", token.start, token.end))
                    star = True
                elif self.at_sign("["):
                    self.take()
                    while not self.at_sign("]"):
                        parts.append(self.value(self.expression()))
                        if not self._next_argument("]"):
                            break
                    self.expect_sign("]")
                else:
                    self._call_shape()
                    parts.append(self.value(self.expression()))
                if not self._next_argument(")"):
                    break
        return parts, star

    def _next_argument(self, close: str) -> bool:
        """Moves past a comma, after which something must stand."""
        if not self.accept_sign(","):
            return False
        if self.at_sign(close) or self.at_words("ORDER", "BY"):
            self.fail("un argument était attendu après la virgule")
        return True

    def _call_shape(self) -> None:
        if self.at("VARIADIC"):
            word = self.take()
            self.report("vql-forme-appel", word.start, word.end, "VARIADIC n'existe pas en VQL.")
        elif self.peek().kind in (Kind.WORD, Kind.QUOTED) and self.at_sign("=>", ":=", ahead=1):
            name = self.take()
            sign = self.take()
            self.report(
                "vql-forme-appel", name.start, sign.end, "VQL ne nomme pas les arguments d'une fonction."
            )

    def _suffixes(self, expr: Expr, name: Token, quantifier: Token | None, star: bool) -> None:
        within = None
        if self.at_words("WITHIN", "GROUP"):
            within = self.take()
            self.take()
            self.expect_sign("(")
            self.expect("ORDER")
            self.expect("BY")
            self.order_items()
            self.expect_sign(")")
        if self.at("FILTER") and self.at_sign("(", ahead=1):
            self._filter(expr, name, quantifier, star)
        if self.at("IGNORE", "RESPECT") and self.at("NULLS", ahead=1):
            begin = self.take().start
            end = self.take().end
            self.report("vql-fenetre", begin, end, "IGNORE NULLS et RESPECT NULLS n'existent pas en VQL.")
        if self.at("OVER"):
            self._over(expr, name, quantifier)
        elif within:
            self.report(
                "vql-within-group",
                within.start,
                within.end + 6,
                "WITHIN GROUP n'est documenté en VQL qu'avec OVER.",
            )
        else:
            self._known(expr, name, quantifier, star)

    def _filter(self, expr: Expr, name: Token, quantifier: Token | None, star: bool) -> None:
        close = self.last_end
        word = self.take()
        self.expect_sign("(")
        self.expect("WHERE")
        with self.inside():
            condition = self.expression()
        end = self.expect_sign(")").end
        edit: Edit | None = None
        function = self.sql[name.start : name.end]
        test = self.sql[condition.start : condition.end]
        if star:
            edit = (expr.start, end, f"{function}(case when {test} then 1 end)")
        elif len(expr.parts) == 1 and expr.name in {"COUNT", "SUM", "AVG", "MIN", "MAX"}:
            distinct = f"{quantifier.value.lower()} " if quantifier else ""
            argument = self.sql[expr.parts[0].start : expr.parts[0].end]
            edit = (expr.start, end, f"{function}({distinct}case when {test} then {argument} end)")
        if self.sql[expr.start : close].count("'") % 2:
            edit = None
        self.report("vql-filter", word.start, word.end, "FILTER n'est pas documenté en VQL.", edit=edit)

    def _over(self, expr: Expr, name: Token, quantifier: Token | None) -> None:
        word = self.take()
        faults: list[tuple[int, int, str]] = []
        analytic = [
            function for function in catalogue.lookup(expr.name) if function.kind == catalogue.ANALYTIC
        ]
        if not analytic:
            faults.append(
                (name.start, name.end, f"`{name.value.lower()}` n'est pas une fonction de fenêtre de VQL.")
            )
        elif not any(function.accepts(len(expr.parts)) for function in analytic):
            faults.append((name.start, name.end, f"`{name.value.lower()}` n'a pas ces arguments en VQL."))
        if quantifier and quantifier.value == "DISTINCT":
            faults.append(
                (quantifier.start, quantifier.end, "DISTINCT n'est pas documenté dans une fenêtre.")
            )
        if self.at_sign("("):
            faults += self._window()
        else:
            reference = self.name()
            faults.append((reference.start, reference.end, "VQL n'a pas de fenêtre nommée."))
        for start, end, message in faults:
            self.report("vql-fenetre", start, end, message)
        if not faults:
            self.report(
                "sens-fenetre",
                word.start,
                word.end,
                f"`{name.value.lower()}(…) over (…)` ne s'exécute pas sur Denodo.",
            )

    def _window(self) -> list[tuple[int, int, str]]:
        faults = []
        self.expect_sign("(")
        with self.inside():
            if self.at_name() and not self.at("PARTITION", "ROWS", "RANGE", "GROUPS"):
                name = self.take()
                faults.append((name.start, name.end, "VQL n'a pas de fenêtre nommée."))
            if self.accept("PARTITION", "BY"):
                items = [self.value(self.expression())]
                while self.accept_sign(","):
                    items.append(self.value(self.expression()))
                if len(items) > 1:
                    faults.append(
                        (items[1].start, items[-1].end, "PARTITION BY n'a en VQL qu'une expression.")
                    )
            if self.accept("ORDER", "BY"):
                orders = self.order_items()
                if len(orders) > 1:
                    faults.append(
                        (
                            orders[1].start,
                            orders[-1].end,
                            "ORDER BY d'une fenêtre n'a en VQL qu'une expression.",
                        )
                    )
            if self.at("ROWS", "RANGE", "GROUPS"):
                frame = self.take()
                if frame.value == "GROUPS":
                    faults.append((frame.start, frame.end, "GROUPS n'est pas documenté en VQL."))
                while not self.at_sign(")"):
                    token = self.take()
                    if token.kind is Kind.END:
                        self.fail("`)` était attendu")
                    if token.value == "EXCLUDE":
                        faults.append((token.start, token.end, "EXCLUDE n'est pas documenté en VQL."))
                    elif token.kind in (Kind.TEXT, Kind.QUOTED) or token.value == "INTERVAL":
                        faults.append(
                            (token.start, token.end, "Une borne de fenêtre est en VQL un nombre entier.")
                        )
                        if self.at_sign("("):
                            self.skip_brackets()
        self.expect_sign(")")
        return faults

    def _known(self, expr: Expr, name: Token, quantifier: Token | None, star: bool) -> None:
        """Holds a plain call against the documented functions."""
        function, count = expr.name, len(expr.parts)
        shown = self.sql[name.start : name.end]
        entries = catalogue.lookup(function)
        if not entries:
            self.report(
                "vql-fonction",
                name.start,
                name.end,
                f"La fonction `{shown}` n'est pas documentée en VQL.",
                write=advice_for(function),
                edit=self._renamed(expr, name),
            )
            return
        plain = [entry for entry in entries if entry.kind != catalogue.ANALYTIC]
        if not plain:
            macro = "`{{ dbt.listagg('x', \"', '\") }}`." if function == "LISTAGG" else None
            self.report(
                "vql-fenetre",
                name.start,
                name.end,
                f"`{shown}` n'est documentée en VQL qu'avec OVER (…).",
                write=macro,
            )
            return
        if star and function not in {"COUNT", "NEST"}:
            self.report("vql-arguments", name.start, name.end, f"`{shown}(*)` n'est pas documenté en VQL.")
        elif not any(entry.accepts(count) for entry in plain) and function not in {"TRUNC", "ROUND"}:
            self._wrong_count(expr, name, plain)
        else:
            self._meaning(expr, name, quantifier)

    def _wrong_count(self, expr: Expr, name: Token, entries: list[catalogue.Function]) -> None:
        shown, count = self.sql[name.start : name.end], len(expr.parts)
        if expr.name in {"TRIM", "LTRIM", "RTRIM"}:
            self._trim_list(expr, name)
            return
        signatures = [signature for entry in entries for signature in entry.signatures]
        forms = " ; ".join(dict.fromkeys(entry.syntax for entry in entries if entry.syntax))
        forms = forms.replace(" or ", " ou ")
        write = f"Donnez {_counts(signatures)} à `{shown.lower()}`"
        if not any(signature.maximum != 0 for signature in signatures):
            write = f"Retirez ce qui est entre les parenthèses de `{shown.lower()}`"
        self.report(
            "vql-arguments",
            name.start,
            name.end,
            f"`{shown}` a ici {count} argument{'s' if count > 1 else ''}.",
            write=f"{write} ({forms})." if forms else f"{write}.",
        )

    def _trim_list(self, expr: Expr, name: Token) -> None:
        side = {"TRIM": "both", "LTRIM": "leading", "RTRIM": "trailing"}[expr.name]
        edit = None
        if len(expr.parts) == 2 and expr.parts[1].kind == "text" and len(expr.parts[1].value or "") == 1:
            x, letters = (self.sql[part.start : part.end] for part in expr.parts)
            edit = (expr.start, self.last_end, f"trim({side} {letters} from {x})")
        self.report(
            "vql-trim",
            name.start,
            name.end,
            f"`{name.value.lower()}` avec des caractères à retirer n'est pas documenté en VQL.",
            write=f"`trim({side} '0' from x)`, un caractère à la fois.",
            edit=edit,
        )

    def _renamed(self, expr: Expr, name: Token) -> Edit | None:
        """The same call under a name or in a form that both engines have, when PostgreSQL gives the same."""
        texts = [self.sql[part.start : part.end] for part in expr.parts]
        match (expr.name, texts):
            case ("CEILING", [_]):
                return (name.start, name.end, "ceil")
            case ("POW", [_, _]):
                return (name.start, name.end, "power")
            case ("LOG10", [_]):
                return (name.start, name.end, "log")
            case ("STRPOS", [text, wanted]) if expr.parts[1].kind in {"text", "column", "call"}:
                return (expr.start, self.last_end, f"position({wanted} in {text})")
            case ("LEFT", [text, count]) if count.isdigit() and int(count) > 0:
                return (expr.start, self.last_end, f"substr({text}, 1, {count})")
            case ("BTRIM", [text]):
                return (expr.start, self.last_end, f"trim(both ' ' from {text})")
            case ("BTRIM", [text, letter]) if (
                expr.parts[1].kind == "text" and len(expr.parts[1].value or "") == 1
            ):
                return (expr.start, self.last_end, f"trim(both {letter} from {text})")
        return None

    def _meaning(self, expr: Expr, name: Token, quantifier: Token | None) -> None:
        """Reports a documented call that PostgreSQL understands otherwise."""
        function, count = expr.name, len(expr.parts)
        start, end = name.start, name.end
        texts = [self.sql[part.start : part.end] for part in expr.parts]
        shown = self.sql[start:end]
        match function:
            case "SUBSTRING":
                first = texts[1]
                safe = not first.lstrip().startswith("-") and first != "0"
                edit = (start, end, "substr") if safe else None
                self.report(
                    "sens-substring",
                    start,
                    end,
                    f"`{shown}(x, a, b)` n'a pas le même sens sur Denodo.",
                    edit=edit,
                )
            case "INSTR":
                edit = None
                self.report("sens-instr", start, end, f"`{shown}` compte à partir de 0.", edit=edit)
            case "TRIM" | "LTRIM" | "RTRIM":
                side = {"TRIM": "both", "LTRIM": "leading", "RTRIM": "trailing"}[function]
                form = f"trim({side} ' ' from {texts[0]})"
                self.report(
                    "sens-trim",
                    start,
                    end,
                    f"`{shown}` retire aussi les retours de chariot sur Denodo.",
                    write=f"`{form}`.",
                    edit=(expr.start, self.last_end, form),
                )
            case "TO_DATE" | "TO_TIMESTAMP":
                if self.portable:
                    self.report(
                        "sens-to-date",
                        start,
                        end,
                        f"`{shown}` n'attend pas ses arguments dans le même ordre.",
                    )
                else:
                    self._pattern_order(expr, name)
            case "TO_LOCALDATE" | "TO_TIME" | "TO_TIMESTAMPTZ" | "FORMATDATE":
                self._pattern_order(expr, name)
                self._java_pattern(expr.parts[0])
            case "LOG" if count == 2:
                self.report(
                    "sens-log",
                    start,
                    end,
                    f"`{shown}` à deux arguments les prend dans l'autre ordre sur Denodo.",
                )
            case "TRUNC" | "ROUND":
                self._rounding(expr, name)
            case "MAX" | "MIN" if count > 1:
                self.report("sens-max-min", start, end, f"`{shown}` a plusieurs arguments.")
            case "GETDAYOFWEEK" | "FIRSTDAYOFWEEK" | "LASTDAYOFWEEK":
                self.report("sens-jour-semaine", start, end, f"`{shown}` dépend de la langue du serveur.")
            case "CONCAT":
                self._concatenated(expr)

    def _rounding(self, expr: Expr, name: Token) -> None:
        shown, count = self.sql[name.start : name.end], len(expr.parts)
        if count == 2 and expr.parts[1].kind == "text":
            if expr.name == "ROUND":
                self.report(
                    "vql-arguments",
                    name.start,
                    name.end,
                    "ROUND n'arrondit pas une date en VQL.",
                    write="`{{ dbt.date_trunc('month', 'x') }}`.",
                )
            else:
                self.report("sens-trunc-date", name.start, name.end, f"`{shown}` tronque ici une date.")
        elif (
            not count or count > 2 or (count == 2 and expr.name == "TRUNC" and expr.parts[1].kind == "number")
        ):
            write = (
                "`trunc(x * 100) / 100.0` pour tronquer, `{{ cast_decimal('x', 12, 2) }}` pour arrondir."
                if count == 2
                else None
            )
            self.report(
                "vql-arguments",
                name.start,
                name.end,
                f"`{shown}` n'a pas {count} arguments en VQL pour un nombre.",
                write=write,
            )
        else:
            expr.value = str(name.end)
            self.pending.append(expr)

    def _pattern_order(self, expr: Expr, name: Token) -> None:
        if len(expr.parts) < 2:
            return
        first, second = expr.parts[:2]
        looks = second.kind == "text" and _PATTERN_LETTERS.fullmatch(second.value or "") is not None
        if looks and any(letter.isalpha() for letter in second.value or "") and first.kind != "text":
            self.report(
                "vql-ordre-motif",
                name.start,
                name.end,
                f"`{self.sql[name.start : name.end]}` a son motif en second.",
            )

    def _java_pattern(self, pattern: Expr) -> None:
        text = re.sub(r"'[^']*'", "", pattern.value or "") if pattern.kind == "text" else ""
        if "YYYY" in text or "DD" in text:
            self.report(
                "avis-motif-java",
                pattern.start,
                pattern.end,
                "Ce motif n'a pas le sens que PostgreSQL lui donne.",
            )

    def _concatenated(self, expr: Expr) -> None:
        for part in expr.parts:
            if part.kind == "null" or (part.kind == "call" and part.name == "NULLIF"):
                self.report(
                    "avis-concat-null", part.start, part.end, "Cette valeur assemblée peut manquer (NULL)."
                )


def _counts(signatures: list[catalogue.Signature]) -> str:
    """How many arguments there may be: « 2 arguments », « 2 ou 3 arguments », « au moins 2 arguments »."""
    least = min(signature.minimum for signature in signatures)
    known = [signature.maximum for signature in signatures if signature.maximum is not None]
    if len(known) < len(signatures):
        return f"au moins {least} argument{'s' if least > 1 else ''}"
    allowed = [count for count in range(max(known) + 1) if any(one.accepts(count) for one in signatures)]
    plural = "s" if allowed[-1] > 1 else ""
    return f"{' ou '.join(map(str, allowed))} argument{plural}"
