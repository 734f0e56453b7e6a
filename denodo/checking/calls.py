"""Reads function calls, CAST and the calls with a syntax of their own, and holds them against the catalogue.

Source: Denodo 7.0 manual, VQL guide, appendix "Syntax of Condition Functions".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from denodo import catalogue
from denodo.checking.advice import advice_for
from denodo.checking.cursor import Cursor
from denodo.checking.finding import Edit
from denodo.checking.lexer import Kind, Token, words
from denodo.checking.tree import Expr, Output

# Called without brackets in PostgreSQL; not in VQL.
BARE_FUNCTIONS = words(
    """
    CURRENT_TIME LOCALTIME LOCALTIMESTAMP CURRENT_USER SESSION_USER CURRENT_ROLE CURRENT_CATALOG
    CURRENT_SCHEMA SYSDATE SYSTIMESTAMP
    """
)
# The names that both engines know, for a name that VQL's CAST does not.
PORTABLE_TYPES = {
    "INT": "integer",
    "BIGINT": "int8",
    "BOOLEAN": "bool",
    "DOUBLE": "double precision",
    "STRING": "text",
    "TINYINT": "smallint",
    "MEDIUMINT": "integer",
    "LONG": "int8",
    "BIGNUMERIC": "numeric",
    "NUMBER": "numeric",
    "DEC": "numeric",
    "BLOB": "bytea",
    "BINARY": "bytea",
    "VARBINARY": "bytea",
    "DATETIME": "timestamp",
    "LOCALDATE": "date",
    "CLOB": "text",
    "BPCHAR": "text",
    "NAME": "text",
    "CITEXT": "text",
    "SERIAL": "integer",
    "BIGSERIAL": "int8",
    "OID": "int8",
}
_SAME_IN_POSTGRESQL = frozenset({"INT", "BIGINT", "BOOLEAN", "DEC"})
_DOUBLE_PARSED = ("DOUBLE", "PRECISION")
_PATTERN_LETTERS = re.compile(
    r"[GyYMLdDFEuaHhkKmsSzZXQqWwIJCTBCROZF\W\d_]+|.*(?:YYYY|yyyy|HH24|MI\b|Mon|Month).*"
)
_MULTIPLE_BOUNDS = ("BOTH", "LEADING", "TRAILING")


@dataclass(frozen=True)
class TypeName:
    """A type as written: `name` without its numbers, in upper case."""

    text: str
    name: str
    numbers: int
    start: int
    end: int


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
                        if not self.accept_sign(","):
                            break
                    self.expect_sign("]")
                else:
                    self._call_shape()
                    parts.append(self.value(self.expression()))
                if not self.accept_sign(","):
                    break
        return parts, star

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
        counts = sorted({signature.minimum for entry in entries for signature in entry.signatures})
        expected = " ou ".join(map(str, counts))
        forms = "; ".join(dict.fromkeys(entry.syntax for entry in entries if entry.syntax))
        write = f"Donnez {expected} argument{'s' if counts[-1] > 1 else ''} à `{shown.lower()}`"
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
            write = "`{{ cast_decimal('x', 12, 2) }}`, ou `trunc(x * 100) / 100`." if count == 2 else None
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

    # Calls with a syntax of their own.

    def special_call(self, token: Token) -> Expr | None:
        """Reads the call that begins here when its brackets hold more than a list; None otherwise."""
        if token.value in BARE_FUNCTIONS and not self.at_sign(".", ahead=1):
            self.take()
            if self.at_sign("("):
                self.skip_brackets()
            self.report(
                "vql-fonction",
                token.start,
                self.last_end,
                f"`{self.sql[token.start : token.end]}` n'est pas documenté en VQL.",
                write=advice_for(token.value),
            )
            return Expr("call", token.start, self.last_end, token.value)
        bare = {function.bare for function in catalogue.lookup(token.value)}
        if True in bare and not self.at_sign("(", ahead=1):
            self.take()
            return Expr("call", token.start, token.end, token.value)
        if not self.at_sign("(", ahead=1):
            return None
        match token.value:
            case "CAST" | "TRY_CAST" | "SAFE_CAST":
                return self._cast()
            case "EXTRACT":
                return self._extract()
            case "SUBSTRING" | "SUBSTR":
                return self.attempt(self._substring_from)
            case "TRIM":
                return self.attempt(self._trim_from)
            case "POSITION":
                return self._position()
            case (
                "OVERLAY"
                | "XMLELEMENT"
                | "XMLFOREST"
                | "XMLPARSE"
                | "XMLSERIALIZE"
                | "JSON_OBJECT"
                | "JSON_ARRAY"
                | (
                    "JSON_VALUE"
                    | "JSON_QUERY"
                    | "JSON_EXISTS"
                    | "JSON_TABLE"
                    | "GROUPING"
                    | "CONVERT"
                    | "NORMALIZE"
                    | "TREAT"
                )
            ):
                return self._refused_syntax()
        return None

    def _refused_syntax(self) -> Expr:
        name = self.take()
        self.skip_brackets()
        self.report(
            "vql-fonction",
            name.start,
            name.end,
            f"La fonction `{self.sql[name.start : name.end]}` n'est pas documentée en VQL.",
            write=advice_for(name.value),
        )
        return Expr("call", name.start, self.last_end, name.value)

    def _cast(self) -> Expr:
        name = self.take()
        self.expect_sign("(")
        with self.inside():
            first = self.expression()
        if name.value != "CAST":
            self.report(
                "vql-fonction",
                name.start,
                name.end,
                f"La fonction `{name.value.lower()}` n'est pas documentée en VQL.",
                write=advice_for(name.value),
            )
        if self.accept("AS"):
            self.value(first)
            found = self.read_type()
            if self.at("FORMAT"):
                word = self.take()
                self.operand()
                self.report(
                    "vql-arguments",
                    word.start,
                    self.last_end,
                    "CAST … FORMAT n'existe pas en VQL.",
                    write="`{{ parse_date('x', 'yyyy-MM-dd') }}`.",
                )
            self.expect_sign(")")
            known = self._cast_type(found)
            expr = Expr("cast", name.start, self.last_end, known, parts=[first])
            expr.value = str(found.start)
            self.pending.append(expr)
            return expr
        if not self.accept_sign(","):
            self.fail("`as` était attendu dans CAST")
        with self.inside():
            second = self.value(self.expression())
        while self.accept_sign(","):
            self.expression()
        self.expect_sign(")")
        kind = (first.value or "").strip().lower() if first.kind == "text" else ""
        if kind == "date":
            self.report(
                "sens-date-ancienne",
                first.start,
                first.end,
                "`cast('date', x)` donne l'ancien type de Denodo.",
                edit=(name.start, self.last_end, f"cast({self.sql[second.start : second.end]} as date)"),
            )
        elif first.kind == "text" and kind not in catalogue.VDP_TYPES:
            self.report(
                "vql-type",
                first.start,
                first.end,
                f"`{first.value}` n'est pas un type de Denodo.",
                write=f"Écrivez l'un de ces types : {', '.join(sorted(catalogue.VDP_TYPES))}.",
            )
        return Expr("cast", name.start, self.last_end, kind, parts=[second])

    def read_type(self) -> TypeName:
        """Reads the name of a type, with its numbers, its words and its brackets."""
        start = self.peek().start
        if self.peek().kind not in (Kind.WORD, Kind.QUOTED):
            self.fail("le nom d'un type était attendu")
        words = [self.take().value.upper()]
        if self.accept_sign("."):
            words = [f"{words[0]}.{self.take().value.upper()}"]
        follow = {"DOUBLE": "PRECISION", "CHARACTER": "VARYING", "CHAR": "VARYING", "BIT": "VARYING"}
        if words[0] == "NATIONAL" and self.at("CHAR", "CHARACTER"):
            words.append(self.take().value)
        if words[-1] in follow and self.at(follow[words[-1]]):
            words.append(self.take().value)
        numbers = 0
        if self.at_sign("("):
            numbers = 1
            self.take()
            while not self.at_sign(")"):
                token = self.take()
                if token.kind is Kind.END:
                    self.fail("`)` était attendu")
                numbers += token.value == ","
            self.take()
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
        end = self.last_end
        return TypeName(self.sql[start:end], " ".join(words), numbers, start, end)

    def portable_type(self, found: TypeName) -> str | None:
        """The name both engines know for a type written in PostgreSQL's way, None when there is none."""
        if found.name == "FLOAT" and not found.numbers:
            return "float8"
        if self._fits(found):
            return found.text.lower()
        return PORTABLE_TYPES.get(found.name) if not found.numbers else None

    def _fits(self, found: TypeName) -> bool:
        known = catalogue.cast_type(found.name)
        return known is not None and known.minimum_numbers <= found.numbers <= known.maximum_numbers

    def _cast_type(self, found: TypeName) -> str:
        """Reports what is wrong with the target of a CAST; the VDP type, "" when unknown."""
        known = catalogue.cast_type(found.name)
        if known is None or not self._fits(found):
            portable = PORTABLE_TYPES.get(found.name) if known is None and not found.numbers else None
            write = f"`cast(x as {portable})`." if portable else None
            if portable == "numeric":
                portable, write = None, "`{{ cast_decimal('x', 12, 2) }}`."
            if known and not portable:
                write = f"`cast(x as {found.name.lower()})`, sans nombre entre parenthèses."
            edit = (
                (found.start, found.end, portable) if portable and found.name in _SAME_IN_POSTGRESQL else None
            )
            self.report(
                "vql-type",
                found.start,
                found.end,
                f"CAST de VQL ne connaît pas le type `{found.text.lower()}`.",
                write=write,
                edit=edit,
            )
            return known.vdp_type if known else ""
        rule, message, edit = {
            "NUMERIC": ("sens-decimal", "donne un double sur Denodo", None),
            "DECIMAL": ("sens-decimal", "donne un double sur Denodo", None),
            "FLOAT": ("sens-flottant", "a 32 bits sur Denodo et 64 sur PostgreSQL", "float8"),
            "FLOAT4": ("avis-flottant-32", "n'a que 32 bits", None),
            "REAL": ("avis-flottant-32", "n'a que 32 bits", None),
            "CHAR": ("sens-char", "ne complète pas par des espaces sur Denodo", None),
            "CHARACTER": ("sens-char", "ne complète pas par des espaces sur Denodo", None),
            "NCHAR": ("sens-char", "ne complète pas par des espaces sur Denodo", None),
            "BIT": ("sens-bits", "est un contenu binaire sur Denodo", None),
            "BIT VARYING": ("sens-bits", "est un contenu binaire sur Denodo", None),
            "VARBIT": ("sens-bits", "est un contenu binaire sur Denodo", None),
            "TIMETZ": ("sens-heure-fuseau", "n'a pas de fuseau sur Denodo", None),
            "TIMESTAMPTZ": ("avis-fuseau", "dépend du fuseau du serveur", None),
            "TIMESTAMP WITH TIME ZONE": ("avis-fuseau", "dépend du fuseau du serveur", None),
        }.get(found.name, (None, "", None))
        if rule:
            change = (found.start, found.end, edit) if edit else None
            self.report(
                rule, found.start, found.end, f"Le type `{found.text.lower()}` {message}.", edit=change
            )
        return known.vdp_type

    def _extract(self) -> Expr:
        name = self.take()
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
        wanted = field.value.upper()
        if field.kind is Kind.TEXT or wanted not in catalogue.EXTRACT_FIELDS:
            advice = {
                "EPOCH": "Écrivez une différence : `{{ dbt.datediff('debut', 'fin', 'second') }}`.",
                "ISODOW": "`{{ iso_day_of_week('x') }}`.",
                "ISOYEAR": "`{{ iso_year('x') }}`.",
                "CENTURY": "`ceil(extract(year from x) / 100.0)`.",
                "DECADE": "`floor(extract(year from x) / 10)`.",
            }.get(wanted)
            self.report(
                "vql-extract",
                field.start,
                field.end,
                f"EXTRACT de VQL n'a pas le champ {self.written(field)}.",
                write=advice,
            )
        elif wanted == "MILLISECOND":
            self.report(
                "sens-milliseconde", field.start, field.end, "MILLISECOND n'a pas le même sens sur Denodo."
            )
        expr = Expr("call", name.start, self.last_end, "EXTRACT", parts=[source])
        if wanted == "SECOND":
            expr.value = str(field.start)
            self.pending.append(expr)
        return expr

    def _substring_from(self) -> Expr:
        name = self.take()
        self.expect_sign("(")
        with self.inside():
            value = self.value(self.expression())
            if not self.at("FROM", "FOR", "SIMILAR"):
                self.fail("`from` était attendu")
            word = self.take()
            first = self.value(self.operand())
            if word.value == "SIMILAR" or first.kind == "text":
                self.report(
                    "vql-substring", name.start, name.end, "SUBSTRING cherche ici une expression rationnelle."
                )
            elif word.value == "FOR":
                edit = (word.start, word.start, "from 1 ") if not self.at("FROM") else None
                self.report(
                    "vql-substring", word.start, word.end, "FOR n'est pas précédé de FROM.", edit=edit
                )
            if self.at("FOR", "FROM", "ESCAPE"):
                self.take()
                self.value(self.operand())
        self.expect_sign(")")
        return Expr("call", name.start, self.last_end, "SUBSTR", parts=[value, first])

    def _trim_from(self) -> Expr:
        name = self.take()
        self.expect_sign("(")
        side = self.take() if self.at(*_MULTIPLE_BOUNDS) else None
        with self.inside():
            letters = None
            if not self.at("FROM"):
                letters = self.operand()
            if not self.at("FROM"):
                self.fail("`from` était attendu")
            self.take()
            value = self.value(self.expression())
            if self.at_sign(","):
                self.take()
                letters = self.operand()
        self.expect_sign(")")
        if side is None:
            text = self.sql[letters.start : letters.end] if letters else "' '"
            single = letters is None or (letters.kind == "text" and len(letters.value or "") == 1)
            form = f"trim(both {text} from {self.sql[value.start : value.end]})"
            self.report(
                "vql-trim",
                name.start,
                name.end,
                "TRIM … FROM demande BOTH, LEADING ou TRAILING en VQL.",
                edit=(name.start, self.last_end, form) if single else None,
            )
        elif letters is not None and letters.kind == "text" and len(letters.value or "") != 1:
            self.report(
                "vql-trim", letters.start, letters.end, "TRIM ne retire en VQL qu'un caractère à la fois."
            )
        return Expr("call", name.start, self.last_end, "TRIM", parts=[value])

    def _position(self) -> Expr:
        name = self.take()
        self.expect_sign("(")
        with self.inside():
            wanted = self.value(self.operand())
            if self.at_sign(","):
                self.take()
                value = self.value(self.operand())
                self.report(
                    "vql-arguments",
                    name.start,
                    name.end,
                    "POSITION s'écrit avec IN.",
                    write="`position('cherché' in x)`.",
                )
            else:
                self.expect("IN")
                value = self.value(self.operand())
        self.expect_sign(")")
        return Expr("call", name.start, self.last_end, "POSITION", parts=[wanted, value])
