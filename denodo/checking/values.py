"""Reads values: operators, literals, columns, CASE, arrays and brackets.

Source: Denodo 7.0 manual, VQL guide, "Syntax of Functions and Condition Values", "CASE Clause", "Data Types
for Dates, Timestamps and Intervals".
"""

from __future__ import annotations

from denodo import catalogue
from denodo.checking.finding import Edit
from denodo.checking.lexer import Kind, Token
from denodo.checking.special_calls import SpecialCalls
from denodo.checking.tree import Expr
from denodo.cursor import words_of

COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">=", "!="})
# Operators of PostgreSQL (and of others) whose result is true or false.
TESTS = words_of(
    """
    ~ ~* !~ !~* ~~ ~~* !~~ !~~* @> <@ ? ?| ?& @? @@ && -|- &< &> == <=> ^= << >> <<| |>> &<| |&> ^@ !
    """
)
_OPERATOR_ADVICE = {
    "~*": "`{{ regexp_like('lower(x)', 'motif') }}`.",
    "!~": "`not {{ regexp_like('x', 'motif') }}`.",
    "!~*": "`not {{ regexp_like('lower(x)', 'motif') }}`.",
    "~~": "`like`.",
    "!~~": "`not like`.",
    "~~*": "`lower(x) like 'motif'`.",
    "!~~*": "`lower(x) not like 'motif'`.",
    "^": "`power(x, 2)`.",
    "**": "`power(x, 2)`.",
    "|/": "`sqrt(x)`.",
    "||/": "`power(x, 1.0 / 3)`.",
    "@": "`abs(x)`.",
    "==": "`=`.",
    "^=": "`<>`.",
    "<=>": "`{{ dbt.equals('a', 'b') }}`.",
    "^@": "`x like 'début%'`.",
    "!": "`not`.",
    "<<": "`x * 2` autant de fois qu'il le faut, ou comparez les bornes par `<` et `>`.",
    ">>": "`floor(x / 2)` autant de fois qu'il le faut, ou comparez les bornes par `<` et `>`.",
    "&": "Écrivez une colonne booléenne par option au staging.",
    "|": "Écrivez une colonne booléenne par option au staging.",
    "@@": "`lower(x) like '%mot%' escape '~'`.",
    "&&": "Comparez les bornes : `debut_a <= fin_b and debut_b <= fin_a` ; pour « et », écrivez `and`.",
    "@>": "Lisez la structure au staging, puis comparez une colonne ou joignez une ligne par élément.",
    "<@": "Lisez la structure au staging, puis comparez une colonne ou joignez une ligne par élément.",
    "?": "Lisez le JSON au staging et donnez une colonne à chaque élément.",
}
_JSON_ADVICE = "Lisez le JSON à la réception (staging) et donnez une colonne à chaque élément."
_LITERAL_TYPES = {"DATE": "localdate", "TIME": "time", "TIMESTAMP": "timestamp"}
_TYPES_OF_POSTGRESQL = words_of(
    """
    INT INTEGER INT2 INT4 INT8 BIGINT SMALLINT NUMERIC DECIMAL REAL FLOAT FLOAT4 FLOAT8 TEXT VARCHAR
    CHAR BPCHAR BOOL BOOLEAN JSON JSONB UUID XML BYTEA INET CIDR MACADDR TIMESTAMPTZ TIMETZ BIT VARBIT
    POINT BOX MONEY NAME REGCLASS OID TSVECTOR TSQUERY DATERANGE TSRANGE TSTZRANGE INT4RANGE INT8RANGE
    NUMRANGE DATETIME
    """
)
_INTERVAL_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})


class Values(SpecialCalls):
    """The grammar of values, from the loosest operator to the tightest."""

    def operand(self) -> Expr:
        """Reads a value: everything that binds tighter than a comparison."""
        left = self._sum()
        while True:
            token = self.peek()
            if token.kind is not Kind.OPERATOR or token.value in COMPARISONS | TESTS:
                return left
            if token.value in {"+", "-", "*", "/", "%", "::"}:
                return left
            self.take()
            if token.value != "||":
                self._refuse_operator(token)
            right = self._sum()
            left = self._operation(token, left, right)
            if token.value == "||":
                self._concatenated(left)

    def _operation(self, token: Token, *parts: Expr) -> Expr:
        for part in parts:
            self.value(part)
        whole = Expr("operation", parts[0].start, self.last_end, token.value, parts=list(parts))
        whole.value = str(token.start)
        return whole

    def _sum(self) -> Expr:
        left = self._product()
        while self.at_sign("+", "-"):
            token = self.take()
            left = self._operation(token, left, self._product())
            self.pending.append(left)
        return left

    def _product(self) -> Expr:
        left = self._unary()
        while self.at_sign("*", "/", "%"):
            token = self.take()
            if token.value == "*" and self.at_sign("*") and self.peek().start == token.end:
                second = self.take()
                token = Token(Kind.OPERATOR, token.start, second.end, "**")
                self._refuse_operator(token)
            left = self._operation(token, left, self._unary())
        return left

    def _unary(self) -> Expr:
        token = self.peek()
        if token.kind is Kind.OPERATOR and token.value in {"+", "-"}:
            self.take()
            inner = self._unary()
            if inner.kind == "number":
                return Expr("number", token.start, inner.end, inner.name)
            return Expr("operation", token.start, inner.end, token.value, parts=[self.value(inner)])
        if token.kind is Kind.OPERATOR and token.value in {
            "@",
            "|/",
            "||/",
            "~",
            "!!",
            "@-@",
            "@@",
            "#",
            "?-",
            "?|",
            "!",
        }:
            self.take()
            self._refuse_operator(token)
            inner = self._unary()
            return Expr("operation", token.start, inner.end, token.value, parts=[inner])
        left = self._postfix()
        while self.at_sign("^"):
            operator = self.take()
            right = self._postfix_signed()
            x, y = self.sql[left.start : left.end], self.sql[right.start : right.end]
            self.report(
                "vql-operateur",
                operator.start,
                operator.end,
                "L'opérateur `^` n'existe pas en VQL.",
                write=_OPERATOR_ADVICE["^"],
                edit=(left.start, right.end, f"power({x}, {y})"),
            )
            left = self._operation(operator, left, right)
        return left

    def _postfix_signed(self) -> Expr:
        if self.at_sign("-", "+"):
            sign = self.take()
            inner = self._postfix()
            return Expr("operation", sign.start, inner.end, sign.value, parts=[inner])
        return self._postfix()

    def _postfix(self) -> Expr:
        expr = self._primary()
        while True:
            if self.at_sign("::"):
                expr = self._short_cast(expr)
            elif self.at_sign("["):
                expr = self._subscript(expr)
            elif self.at_sign(".") and expr.kind in {"column", "tuple"} and self.at_name(ahead=1):
                self.take()
                field = self.name(any_word=True)
                expr = Expr("column", expr.start, field.end, self.label(field), parts=[expr])
            elif self.at("COLLATE"):
                word = self.take()
                self.name(any_word=True)
                if self.accept_sign("."):
                    self.name(any_word=True)
                self.report("vql-collate", word.start, self.last_end, "COLLATE n'est pas documenté en VQL.")
                expr.end = self.last_end
            elif self.at_words("AT", "TIME", "ZONE") or self.at_words("AT", "LOCAL"):
                start = self.peek().start
                end = (self.accept("AT", "TIME", "ZONE") or self.accept("AT", "LOCAL") or self.peek()).end
                self.report("vql-fuseau", start, end, "AT TIME ZONE n'est pas documenté en VQL.")
                inner = [expr] if self.tokens[self.index - 1].value == "LOCAL" else [expr, self._unary()]
                expr = Expr("cast", expr.start, self.last_end, "datetime", parts=inner)
            else:
                return expr

    def _short_cast(self, expr: Expr) -> Expr:
        sign = self.take()
        self.value(expr)
        found = self.read_type()
        target = self.portable_type(found)
        edit = None
        if target:
            edit = (expr.start, found.end, f"cast({self.sql[expr.start : expr.end]} as {target})")
        write = f"`cast(… as {target})`." if target else None
        if target and target.startswith(("numeric", "decimal")):
            write = "`{{ cast_decimal('x', 12, 2) }}`."
        self.report(
            "vql-deux-points",
            sign.start,
            found.end,
            f"`::{found.text}` n'existe que dans PostgreSQL.",
            write=write,
            edit=edit,
        )
        known = catalogue.cast_type(found.name)
        return Expr("cast", expr.start, found.end, known.vdp_type if known else "", parts=[expr])

    def _subscript(self, expr: Expr) -> Expr:
        start = self.take().start
        parts = []
        is_slice = False
        while not self.at_sign("]"):
            if self.accept_sign(":"):
                is_slice = True
            elif self.peek().kind is Kind.PARAMETER and self.peek().value.startswith(":"):
                self.take()
                is_slice = True
            else:
                parts.append(self.expression())
        end = self.expect_sign("]").end
        if is_slice or expr.kind not in {"column", "tuple"}:
            self.report("vql-tableau", start, end, "Cette lecture d'un tableau n'existe pas en VQL.")
        elif not (parts and parts[0].kind == "number"):
            self.report(
                "vql-tableau", start, end, "L'indice d'un tableau est en VQL un nombre écrit en chiffres."
            )
        else:
            self.report(
                "sens-indice", start, end, "L'indice d'un tableau ne compte pas à partir du même nombre."
            )
        return Expr("column", expr.start, end, "", parts=[expr])

    def _primary(self) -> Expr:
        token = self.peek()
        match token.kind:
            case Kind.NUMBER:
                return self._number()
            case Kind.TEXT:
                return self._text()
            case Kind.PARAMETER:
                self.take()
                self.report(
                    "vql-parametre", token.start, token.end, f"`{token.value}` est un paramètre de programme."
                )
                return Expr("parameter", token.start, token.end)
            case Kind.PUNCTUATION if token.value == "(":
                return self._bracketed()
            case Kind.PUNCTUATION if token.value == "{" and self.at("ROW", ahead=1):
                return self._rows()
            case Kind.QUOTED:
                return self._column()
            case Kind.WORD:
                return self._word(token)
        if token.kind is Kind.OPERATOR and token.value == "?":
            self.take()
            self.report("vql-parametre", token.start, token.end, "`?` est un paramètre de programme.")
            return Expr("parameter", token.start, token.end)
        self.fail("une valeur était attendue")
        raise AssertionError

    def _number(self) -> Expr:
        token = self.take()
        if token.fault:
            plain = _plain_number(token.value)
            edit = (token.start, token.end, plain) if plain else None
            self.report(
                "vql-nombre",
                token.start,
                token.end,
                f"`{token.value}` n'est pas un nombre de VQL.",
                edit=edit,
            )
        return Expr("number", token.start, token.end, token.value)

    def _text(self) -> Expr:
        token = self.take()
        if token.fault:
            written = self.written(token)
            edit = None
            if token.fault == "$$" or (token.fault in {"E", "N"} and "\\" not in token.value):
                edit = (token.start, token.end, "'" + token.value.replace("'", "''") + "'")
            self.report(
                "vql-chaine", token.start, token.end, f"Le texte {written} n'existe pas en VQL.", edit=edit
            )
        while self.peek().kind is Kind.TEXT and "\n" in self.sql[self.last_end : self.peek().start]:
            second = self.take()
            self.report(
                "vql-chaine",
                second.start,
                second.end,
                "Deux textes qui se suivent ne s'assemblent pas en VQL.",
                write="`'…' || '…'`, ou un seul texte.",
            )
        return Expr("text", token.start, self.last_end, value=token.value)

    def _bracketed(self) -> Expr:
        if self.at_query():
            if not self.at_sign("(", ahead=1):
                return self._bracketed_query()
            # Two brackets: a query of queries, or a calculation that begins with a query.
            query = self.attempt(self._bracketed_query)
            if query is not None:
                return query
        start = self.take().start
        parts = [self.expression()]
        while self.accept_sign(","):
            parts.append(self.expression())
        end = self.expect_sign(")").end
        if len(parts) > 1:
            return Expr("tuple", start, end, parts=parts)
        inner = parts[0]
        if inner.kind == "column":
            return Expr("column", start, end, inner.name, qualifier=inner.qualifier, parts=inner.parts)
        inner.start, inner.end = start, end
        return inner

    def _rows(self) -> Expr:
        start = self.expect_sign("{").start
        parts = [self._primary()]
        while self.accept_sign(","):
            parts.append(self._primary())
        return Expr("row", start, self.expect_sign("}").end, parts=parts)

    def _word(self, token: Token) -> Expr:
        word = token.value
        followed_by_text = self.peek(1).kind is Kind.TEXT
        if word == "NULL":
            self.take()
            return Expr("null", token.start, token.end)
        if word in {"TRUE", "FALSE"}:
            self.take()
            return Expr("boolean", token.start, token.end, word)
        if word == "CASE":
            return self._case()
        if word in {"EXISTS", "UNIQUE"} and self.at_sign("(", ahead=1):
            return self._exists()
        if word == "INTERVAL" and (
            followed_by_text or self.at_sign("(", ahead=1) or self.peek(1).kind is Kind.NUMBER
        ):
            return self._interval()
        if word in _LITERAL_TYPES and followed_by_text:
            self.take()
            return Expr("literal", token.start, self.take().end, _LITERAL_TYPES[word])
        if word in {"TIME", "TIMESTAMP"} and self.at("WITH", "WITHOUT", ahead=1) and self.at("TIME", ahead=2):
            return self._zoned_literal()
        if followed_by_text and (word in _TYPES_OF_POSTGRESQL):
            return self._typed_literal()
        if word == "ARRAY" and self.at_sign("[", "(", ahead=1):
            return self._array()
        if word == "ROW" and self.at_sign("(", ahead=1):
            self.take()
            self.take()
            parts = [] if self.at_sign(")") else self._values()
            return Expr("row", token.start, self.expect_sign(")").end, parts=parts)
        if call := self.special_call(token):
            return call
        if self.at_sign("(", ahead=1) and token.value not in {
            "AND",
            "OR",
            "NOT",
            "IN",
            "AS",
            "ON",
            "WHERE",
            "FROM",
            "SELECT",
        }:
            return self.call()
        return self._column()

    def _column(self) -> Expr:
        parts = [self.name()]
        start = parts[0].start
        while self.at_sign("."):
            if self.at_sign("*", ahead=1):
                break
            self.take()
            parts.append(self.name(any_word=True))
        if self.at_sign("("):
            return self.call(start=start, qualified=parts)
        labels = [self.label(part) for part in parts]
        qualifier = labels[-2] if len(labels) > 1 else None
        return Expr("column", start, parts[-1].end, labels[-1], qualifier=qualifier)

    def _case(self) -> Expr:
        start = self.take().start
        with self.inside():
            simple = not self.at("WHEN")
            conditions = [self.value(self.expression())] if simple else []
            results = []
            while self.accept("WHEN"):
                condition = self.expression()
                if simple or condition.kind in {"subquery", "tuple"}:
                    self.value(condition)
                conditions.append(condition)
                self.expect("THEN")
                results.append(self.value(self.expression()))
            if not results:
                self.fail("`when` était attendu")
            closed = False
            if self.accept("ELSE"):
                results.append(self.value(self.expression()))
                closed = True
        end = self.expect("END").end
        whole = Expr("case", start, end, "else" if closed else "", parts=results)
        whole.parts = [*results, *conditions]
        whole.aggregate = any(part.aggregate for part in whole.parts)
        return whole

    def _exists(self) -> Expr:
        word = self.take()
        if not self.at_query():
            if word.value == "EXISTS":
                self.fail("une sous-requête était attendue après `exists`")
            self.index -= 1
            return self.call()
        if word.value == "UNIQUE":
            self.report(
                "vql-operateur",
                word.start,
                word.end,
                "UNIQUE (select …) n'existe pas en VQL.",
                write="Comptez les doubles dans une CTE : `having count(*) > 1`.",
            )
        start = self.expect_sign("(").start
        output = self.query("exists")
        end = self.expect_sign(")").end
        query = Expr("subquery", start, end, output=output)
        whole = Expr("condition", word.start, end, "exists", parts=[query])
        self.misplaced(whole)
        return whole

    def _interval(self) -> Expr:
        start = self.take().start
        amount: Token | None = None
        if self.at_sign("("):
            self.skip_brackets()
            if self.peek().kind is Kind.TEXT:
                amount = self.take()
        else:
            amount = self.take()
        units = []
        if self.peek().kind is Kind.WORD and self.peek().value.rstrip("S") in _INTERVAL_UNITS | {
            "WEEK",
            "QUARTER",
        }:
            units.append(self.take().value)
            if self.at_sign("("):
                self.skip_brackets()
            if self.at("TO") and self.peek(1).value in _INTERVAL_UNITS:
                self.take()
                units.append(self.take().value)
        ansi = amount is not None and amount.kind is Kind.TEXT and units and set(units) <= _INTERVAL_UNITS
        if ansi and amount is not None and not any(letter.isalpha() for letter in amount.value):
            self.report(
                "avis-intervalle", start, self.last_end, "Un intervalle ANSI est documenté en 7.0 seulement."
            )
        else:
            self.report(
                "vql-intervalle",
                start,
                self.last_end,
                "Cet intervalle n'est pas écrit comme VQL le documente.",
            )
        return Expr("interval", start, self.last_end)

    def _zoned_literal(self) -> Expr:
        first = self.take()
        zoned = self.take().value == "WITH"
        self.expect("TIME")
        self.expect("ZONE")
        if self.peek().kind is not Kind.TEXT:
            self.fail("un texte entre apostrophes était attendu")
        self.take()
        if first.value == "TIME" or not zoned:
            self.report(
                "vql-litteral-type",
                first.start,
                self.last_end,
                "Ce littéral n'est pas documenté en VQL.",
                write=f"`{first.value.lower()} '…'`.",
            )
        return Expr("literal", first.start, self.last_end, "timestamptz" if zoned else first.value.lower())

    def _typed_literal(self) -> Expr:
        word, text = self.take(), self.take()
        known = catalogue.cast_type(word.value)
        edit = None
        if word.value == "TIMESTAMPTZ":
            edit = (word.start, word.end, "timestamp with time zone")
        elif known:
            edit = (word.start, text.end, f"cast({self.sql[text.start : text.end]} as {word.value.lower()})")
        self.report(
            "vql-litteral-type",
            word.start,
            text.end,
            f"Le littéral `{word.value.lower()} '…'` n'existe que dans PostgreSQL.",
            write="`timestamp with time zone '…'`." if word.value == "TIMESTAMPTZ" else None,
            edit=edit,
        )
        return Expr("literal", word.start, text.end, known.vdp_type if known else "")

    def _array(self) -> Expr:
        word = self.take()
        if self.at_query():
            query = self._bracketed_query()
            self.report(
                "vql-tableau", word.start, query.end, "`array(select …)` n'existe que dans PostgreSQL."
            )
            return Expr("array", word.start, query.end)
        parts = self._array_items()
        end = self.last_end
        self.report("vql-tableau", word.start, end, "`array[…]` n'existe que dans PostgreSQL.")
        return Expr("array", word.start, end, parts=parts)

    def _array_items(self) -> list[Expr]:
        self.expect_sign("[")
        items: list[Expr] = []
        while not self.at_sign("]"):
            items += self._array_items() if self.at_sign("[") else [self.expression()]
            if not self._next_argument("]"):
                break
        self.expect_sign("]")
        return items

    def _refuse_operator(self, token: Token) -> None:
        advice = _OPERATOR_ADVICE.get(token.value)
        if advice is None and (token.value.startswith(("->", "#", "@", "?")) or ">" in token.value):
            advice = _JSON_ADVICE
        edit: Edit | None = {
            "==": (token.start, token.end, "="),
            "^=": (token.start, token.end, "<>"),
        }.get(token.value)
        self.report(
            "vql-operateur",
            token.start,
            token.end,
            f"L'opérateur `{token.value}` n'existe pas en VQL.",
            write=advice,
            edit=edit,
        )

    def _bracketed_query(self) -> Expr:
        start = self.expect_sign("(").start
        output = self.query("where")
        return Expr("subquery", start, self.expect_sign(")").end, output=output)

    def _values(self) -> list[Expr]:
        with self.inside():
            values = [self.value(self.expression())]
            while self.accept_sign(","):
                values.append(self.value(self.expression()))
        return values


def _plain_number(written: str) -> str | None:
    try:
        if written[:2].lower() in {"0x", "0o", "0b"}:
            return str(int(written.replace("_", ""), 0))
    except ValueError:
        return None
    return written.replace("_", "")
