"""Reads the calls whose brackets hold more than a list: CAST, EXTRACT, SUBSTRING, TRIM, POSITION.

Source: Denodo 7.0 manual, VQL guide, "Type Conversion Functions", "Text Processing Functions", "Datetime
Processing Functions".
"""

from __future__ import annotations

from dataclasses import dataclass

from denodo import catalogue
from denodo.checking.advice import advice_for
from denodo.checking.calls import Calls
from denodo.checking.finding import Edit
from denodo.checking.lexer import Kind, Token
from denodo.checking.tree import Expr
from denodo.cursor import words_of

# Called without brackets in PostgreSQL; not in VQL.
BARE_FUNCTIONS = words_of(
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
_BOUNDS = ("BOTH", "LEADING", "TRAILING")


@dataclass(frozen=True)
class TypeName:
    """A type as written: `name` without its numbers, in upper case."""

    text: str
    name: str
    numbers: int
    start: int
    end: int


class SpecialCalls(Calls):
    """Calls with a syntax of their own, and the names of types."""

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
            case "SUBSTRING" | "SUBSTR" if self._has_keyword("FROM", "FOR", "SIMILAR"):
                return self._substring_from()
            case "TRIM" if self._has_keyword("FROM"):
                return self._trim_from()
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

    def _has_keyword(self, *words: str) -> bool:
        """True when one of these keywords, not a comma, parts the arguments of the call that begins here.

        Looking ahead costs less than reading twice, which would double with every call inside another.
        """
        depth, ahead = 0, 1
        while (token := self.peek(ahead)).kind is not Kind.END:
            if token.value in {"(", "["} and token.kind is Kind.PUNCTUATION:
                depth += 1
            elif token.value in {")", "]"} and token.kind is Kind.PUNCTUATION:
                depth -= 1
                if not depth:
                    return False
            elif depth == 1 and token.value == "," and token.kind is Kind.PUNCTUATION:
                return False
            elif depth == 1 and self.at(*words, ahead=ahead) and not self.at("DISTINCT", ahead=ahead - 1):
                return True
            ahead += 1
        return False

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
            edit: Edit | None = None
            if wanted in catalogue.EXTRACT_FIELDS:
                edit = (field.start, field.end, wanted.lower())
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
                write=f"Retirez les apostrophes : `extract({wanted.lower()} from x)`." if edit else advice,
                edit=edit,
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
        if self.at(*_BOUNDS):
            self.take()
        with self.inside():
            letters = None
            if not self.at("FROM"):
                letters = self.operand()
            if not self.at("FROM"):
                self.fail("`from` était attendu")
            self.take()
            value = self.value(self.expression())
        self.expect_sign(")")
        if letters is not None and letters.kind == "text" and len(letters.value or "") > 1:
            self.report(
                "sens-trim-caracteres",
                letters.start,
                letters.end,
                "TRIM ne retire sur Denodo que le premier de ces caractères.",
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
