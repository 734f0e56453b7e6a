"""Reads expressions and conditions, in VQL or PostgreSQL, and reports what documented VQL does not have.

Source: Denodo 7.0 manual, VQL guide, "Syntax of Functions and Condition Values", "Comparison Operators",
"WHERE Clause", "CASE Clause", "Type Conversion Functions".
"""

from __future__ import annotations

from denodo import catalogue
from denodo.checking.calls import Calls
from denodo.checking.finding import Edit
from denodo.checking.lexer import Kind, Token, words
from denodo.checking.tree import Expr

COMPARISONS = frozenset({"=", "<>", "<", ">", "<=", ">=", "!="})
# Operators of PostgreSQL (and of others) whose result is true or false.
TESTS = words(
    """
    ~ ~* !~ !~* ~~ ~~* !~~ !~~* @> <@ ? ?| ?& @? @@ && -|- &< &> == <=> ^= << >> <<| |>> &<| |&> ^@ !
    """
)
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
    "<=>": "`(a = b or (a is null and b is null))`.",
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
_TYPES_OF_POSTGRESQL = words(
    """
    INT INTEGER INT2 INT4 INT8 BIGINT SMALLINT NUMERIC DECIMAL REAL FLOAT FLOAT4 FLOAT8 TEXT VARCHAR
    CHAR BPCHAR BOOL BOOLEAN JSON JSONB UUID XML BYTEA INET CIDR MACADDR TIMESTAMPTZ TIMETZ BIT VARBIT
    POINT BOX MONEY NAME REGCLASS OID TSVECTOR TSQUERY DATERANGE TSRANGE TSTZRANGE INT4RANGE INT8RANGE
    NUMRANGE DATETIME
    """
)
_INTERVAL_UNITS = frozenset({"YEAR", "MONTH", "DAY", "HOUR", "MINUTE", "SECOND"})


class Expressions(Calls):
    """The grammar of values and conditions."""

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
        with self.inside():
            inner = self.expression()
        end = self.expect_sign(")").end
        self.report("vql-tableau", word.start, end, f"`{word.value.lower()}` est suivi d'un tableau.")
        return inner

    def _bracketed_query(self) -> Expr:
        start = self.expect_sign("(").start
        output = self.query("where")
        return Expr("subquery", start, self.expect_sign(")").end, output=output)

    def _test(self, left: Expr) -> Expr:
        token = self.take()
        if token.value == "~":
            return self._similarity(left, token)
        self._refuse_operator(token)
        if self.at("ANY", "ALL", "SOME") and self.at_sign("(", ahead=1):
            return self._condition(token.value, left, self._quantified())
        return self._condition(token.value, left, self.operand())

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
                self.expect_sign("(")
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

    def _values(self) -> list[Expr]:
        with self.inside():
            values = [self.value(self.expression())]
            while self.accept_sign(","):
                values.append(self.value(self.expression()))
        return values

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
                write = "`(a = b or (a is null and b is null))`."
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

    # Values, from the loosest operator to the tightest.

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
            if not self.accept_sign(","):
                break
        self.expect_sign("]")
        return items


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


def _plain_number(written: str) -> str | None:
    try:
        if written[:2].lower() in {"0x", "0o", "0b"}:
            return str(int(written.replace("_", ""), 0))
    except ValueError:
        return None
    return written.replace("_", "")
