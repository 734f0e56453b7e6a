"""What VQL has: its functions, its reserved words, the types CAST knows; data for the grammar and the rules.

Everything here is what the Denodo 7.0 Virtual DataPort VQL guide documents (appendix "Syntax of Condition
Functions", "Syntax Conventions", "Data Types"): a name that is absent is undocumented, which does not prove
that a server refuses it. Later versions may know more. Where Denodo's own guard-rails for versions 8 and 9
restrict a documented name (SUBSTRING, for one), the function's `note` says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import MappingProxyType

from denodo.lexer import words_of

SCALAR = "scalaire"
AGGREGATE = "agregat"
ANALYTIC = "analytique"

DOCUMENTED = "documentee"
DEPRECATED = "deconseillee"
DELEGATED = "deleguee"
NOT_EXECUTED = "non_executee"

TEXT = "text_processing_functions"
ARITHMETIC = "arithmetic_functions"
DATES = "date_processing_functions"
CONVERSION = "type_conversion_functions"
OTHER = "other_functions"
AGGREGATION = "aggregation_functions"
WINDOW = "analytic_functions_window_functions"
XML = "xml_processing_functions"
DATE_TYPES = "data_types_for_dates_timestamps_and_intervals"
VARIABLES = "adding_variables_to_selection_conditions_getvar_and_setvar"
OPERATORS = "comparison_operators"


@dataclass(frozen=True)
class Signature:
    """One documented way to call a function.

    `arguments` are the documented types, in order; `minimum` and `maximum` count arguments, and a `maximum`
    of None means that the last type may be repeated without limit. `result` is a VDP type, or "numeric"
    (the most general type of the arguments), "datetime" or "element" (the type of the argument), or None
    where the page does not say.
    """

    arguments: tuple[str, ...]
    minimum: int
    maximum: int | None
    result: str | None

    def accepts(self, count: int) -> bool:
        """True when the signature can be called with this many arguments."""
        return self.minimum <= count and (self.maximum is None or count <= self.maximum)

    @classmethod
    def parse(cls, text: str) -> Signature:
        """Reads `text, int, ?int -> text`: `?` marks an optional argument, `*` one that may be repeated."""
        left, _, result = text.partition("->")
        written = [part.strip() for part in left.split(",") if part.strip()]
        required = [part for part in written if part[0] not in "?*"]
        unlimited = any(part.startswith("*") for part in written)
        return cls(
            arguments=tuple(part.lstrip("?*") for part in written),
            minimum=len(required),
            maximum=None if unlimited else len(written),
            result=result.strip() or None,
        )


@dataclass(frozen=True)
class Function:
    """A documented function: `page` is the short name of its page of the Denodo 7.0 VQL guide.

    `kind` is SCALAR, AGGREGATE or ANALYTIC; `status` DOCUMENTED, DEPRECATED (the manual advises against
    it), DELEGATED (a server never executes it itself, it only passes it to a source) or NOT_EXECUTED
    (documented, but tests/denodo cannot run it on PostgreSQL: XML needs a server built with libxml).
    `bare` tells that parentheses may be left out, `syntax` shows what is written inside them when that is
    not a list of arguments.
    """

    name: str
    kind: str
    page: str
    signatures: tuple[Signature, ...]
    status: str = DOCUMENTED
    bare: bool = False
    syntax: str | None = None
    note: str | None = None

    def accepts(self, count: int) -> bool:
        """True when one of the signatures can be called with this many arguments."""
        return any(signature.accepts(count) for signature in self.signatures)

    @property
    def result(self) -> str | None:
        """The type of the result when every signature gives the same, None otherwise."""
        results = {signature.result for signature in self.signatures}
        return results.pop() if len(results) == 1 else None


@dataclass(frozen=True)
class CastType:
    """A type name CAST(x AS name) accepts, the VDP type it gives, how many numbers may follow in brackets."""

    name: str
    vdp_type: str
    minimum_numbers: int = 0
    maximum_numbers: int = 0


def _many(kind: str, page: str, written: Iterable[tuple[str, str]], **common: object) -> list[Function]:
    return [
        Function(name, kind, page, tuple(map(Signature.parse, signatures.split(";"))), **common)  # type: ignore[arg-type]
        for name, signatures in written
    ]


def _one(kind: str, page: str, name: str, signatures: str, **details: object) -> Function:
    return _many(kind, page, [(name, signatures)], **details)[0]


_LLM_RULE = "Denodo's guard-rails for versions 8 and 9 refuse it and ask for SUBSTR"

_TEXT_FUNCTIONS = [
    *_many(
        SCALAR,
        TEXT,
        [
            ("ASCII", "text -> int"),
            ("CHAR", "int -> text"),
            ("CONCAT", "text, text, *text -> text"),
            ("INSTR", "text, text -> int"),
            ("LEN", "text -> int"),
            ("LOWER", "text -> text"),
            ("LTRIM", "text -> text"),
            ("REGEXP", "text, text, text -> text"),
            ("REMOVEACCENTS", "text -> text"),
            ("REPEAT", "text, int -> text"),
            ("REPLACE", "text, text, text -> text"),
            ("REPLACEMAP", "text, text -> text; text, text, text, text -> text"),
            ("RTRIM", "text -> text"),
            ("SIMILARITY", "text, text, ?text -> double"),
            ("SPLIT", "text, text -> array"),
            ("UPPER", "text -> text"),
        ],
    ),
    _one(SCALAR, TEXT, "POSITION", "text, text -> int", syntax="POSITION(<text> IN <text>)"),
    _one(
        SCALAR,
        TEXT,
        "SUBSTR",
        "text, int, ?int -> text",
        syntax="SUBSTR(<value>, <start>[, <length>]) or SUBSTR(<value> FROM <start> [FOR <length>])",
    ),
    _one(
        SCALAR,
        TEXT,
        "SUBSTRING",
        "text, int, ?int -> text",
        syntax="SUBSTRING(<value>, <from 0>[, <end>]) or SUBSTRING(<value> FROM <start> [FOR <length>])",
        note=_LLM_RULE,
    ),
    _one(
        SCALAR,
        TEXT,
        "TRIM",
        "text -> text",
        syntax="TRIM(<value>) or TRIM([LEADING|TRAILING|BOTH [<character>] FROM] <value>)",
    ),
    _one(SCALAR, TEXT, "TEXTCONSTANT", "text -> text", status=DEPRECATED),
]

_ARITHMETIC_FUNCTIONS = _many(
    SCALAR,
    ARITHMETIC,
    [
        ("ABS", "numeric -> numeric"),
        ("ACOS", "numeric -> double"),
        ("ASIN", "numeric -> double"),
        ("ATAN", "numeric -> double"),
        ("ATAN2", "numeric, numeric -> double"),
        ("CEIL", "decimal -> long; int -> int; long -> long"),
        ("COS", "numeric -> double"),
        ("COT", "numeric -> double"),
        ("DEGREES", "numeric -> double"),
        ("DIV", "numeric, numeric -> numeric"),
        ("EXP", "numeric -> double"),
        ("FLOOR", "decimal -> long; int -> int; long -> long"),
        ("LN", "numeric -> double"),
        ("LOG", "numeric, ?numeric -> double"),
        ("MAX", "numeric, numeric, *numeric -> numeric; text, text, *text -> text; "
                "datetime, datetime, *datetime -> datetime"),
        ("MIN", "numeric, numeric, *numeric -> numeric; text, text, *text -> text; "
                "datetime, datetime, *datetime -> datetime"),
        ("MOD", "decimal, decimal -> decimal; double, double -> double; float, float -> double; "
                "int, int -> int; long, int -> int; long, long -> long"),
        ("MULT", "numeric, numeric, *numeric -> numeric"),
        ("PI", "-> double"),
        ("POWER", "numeric, numeric -> double"),
        ("RADIANS", "numeric -> double"),
        ("RAND", "-> double"),
        ("ROUND", "numeric, ?int -> numeric"),
        ("SIGN", "numeric -> int"),
        ("SIN", "numeric -> double"),
        ("SQRT", "numeric -> double"),
        ("SUBTRACT", "numeric, numeric -> numeric; datetime, datetime -> long"),
        ("SUM", "numeric, numeric, *numeric -> numeric"),
        ("TAN", "numeric -> double"),
        ("TRUNC", "numeric -> long; datetime, ?text -> datetime"),
    ],
)  # fmt: skip

_DATE_FUNCTIONS = [
    *_many(
        SCALAR,
        DATES,
        [
            *((f"ADD{unit}", "datetime, int -> datetime")
              for unit in ("DAY", "HOUR", "MINUTE", "MONTH", "SECOND", "WEEK", "YEAR")),
            *((name, "datetime -> datetime")
              for name in ("FIRSTDAYOFMONTH", "FIRSTDAYOFWEEK", "LASTDAYOFMONTH", "LASTDAYOFWEEK")),
            ("FORMATDATE", "text, datetime, ?text -> text"),
            *((f"GET{field}", "datetime -> long")
              for field in ("DAY", "DAYOFWEEK", "DAYOFYEAR", "HOUR", "MILLISECOND", "MINUTE", "MONTH",
                            "QUARTER", "SECOND", "TIMEINMILLIS", "WEEK", "YEAR")),
            ("GETDAYSBETWEEN", "datetime, datetime -> long"),
            ("GETMONTHSBETWEEN", "datetime, datetime -> long"),
            ("NEXTWEEKDAY", "datetime, int -> datetime"),
            ("NOW", "-> timestamptz"),
            ("PREVIOUSWEEKDAY", "datetime, int -> datetime"),
            ("TO_LOCALDATE", "text, text, ?text -> localdate"),
            ("TO_TIME", "text, text, ?text -> time"),
            ("TO_TIMESTAMP", "text, text, ?text -> timestamp"),
            ("TO_TIMESTAMPTZ", "text, text, ?text -> timestamptz"),
        ],
    ),
    _one(SCALAR, DATES, "TO_DATE", "text, text, ?text, ?boolean -> date", status=DEPRECATED),
    _one(SCALAR, DATES, "CURRENT_DATE", "-> localdate", bare=True),
    _one(SCALAR, DATE_TYPES, "CURRENT_TIMESTAMP", "-> timestamptz", bare=True),
    _one(SCALAR, DATES, "EXTRACT", "datetime -> long", syntax="EXTRACT(<field> FROM <value>)"),
]  # fmt: skip

_CONVERSION_FUNCTIONS = [
    _one(
        SCALAR,
        CONVERSION,
        "ARRAY_TO_STRING",
        "text, array -> text; text, text, text, text, text, array -> text",
    ),
    _one(
        SCALAR,
        CONVERSION,
        "CAST",
        "text, element",
        syntax="CAST('<vdp type>', <value>) or CAST(<value> AS <sql type>)",
    ),
    _one(SCALAR, CONVERSION, "CREATETYPEFROMXML", "text, xml -> text", status=DEPRECATED),
    _one(SCALAR, CONVERSION, "REGISTER", "element, *element -> register"),
]

_OTHER_FUNCTIONS = [
    _one(SCALAR, OTHER, "COALESCE", "element, element, *element -> element"),
    _one(
        SCALAR,
        OTHER,
        "CONTEXTUALSUMMARY",
        "text, text -> text; text, text, text, text, text, int, ?int, ?text -> text",
        status=NOT_EXECUTED,
    ),
    _one(SCALAR, OTHER, "GETSESSION", "text"),
    _one(SCALAR, OTHER, "HASH", "text -> text"),
    _one(SCALAR, OTHER, "IS_PROJECTED_FIELD", "text -> boolean"),
    _one(SCALAR, OTHER, "MAP", "text, text, ?text -> text; text, text, text, text -> text"),
    _one(SCALAR, OTHER, "NULLIF", "element, element -> element"),
    _one(SCALAR, OTHER, "ROWNUM", "?long -> long"),
    _one(SCALAR, VARIABLES, "GETVAR", "text, text, element -> element"),
]

_XML_FUNCTIONS = [
    _one(SCALAR, XML, "XMLQUERY", "text, boolean, ?xml, ?boolean -> xml", status=NOT_EXECUTED),
    _one(SCALAR, XML, "XPATH", "xml, text, ?boolean -> xml", status=NOT_EXECUTED),
    _one(SCALAR, XML, "XSLT", "xml, xml, ?boolean, ?boolean -> xml", status=NOT_EXECUTED),
    _one(
        SCALAR,
        OPERATORS,
        "XMLEXISTS",
        "text, xml -> boolean; text, boolean, xml, ?boolean -> boolean",
        status=NOT_EXECUTED,
    ),
]

_AGGREGATES = [
    *_many(
        AGGREGATE,
        AGGREGATION,
        [
            ("AVG", "numeric -> double"),
            ("FIRST", "element -> element"),
            ("GROUP_CONCAT", "element, *element -> text"),
            ("LAST", "element -> element"),
            ("LIST", "element -> array"),
            ("MAX", "element -> element"),
            ("MEDIAN", "element -> element"),
            ("MIN", "element -> element"),
            ("STDEV", "numeric -> decimal"),
            ("STDEVP", "numeric -> decimal"),
            ("SUM", "numeric -> numeric"),
            ("VAR", "numeric -> decimal"),
            ("VARP", "numeric -> double"),
        ],
    ),
    _one(AGGREGATE, AGGREGATION, "COUNT", "element -> long", syntax="COUNT(<field>) or COUNT(*)"),
    _one(AGGREGATE, AGGREGATION, "NEST", "element, *element -> array", syntax="NEST(<field>, …) or NEST(*)"),
]

_ANALYTICS = [
    *_many(
        ANALYTIC,
        WINDOW,
        [
            ("AVG", "numeric -> numeric"),
            ("COUNT", "element -> long"),
            ("CUME_DIST", "-> numeric"),
            ("DENSE_RANK", "-> numeric"),
            ("FIRST_VALUE", "element -> element"),
            ("LAG", "element, ?int, ?element -> element"),
            ("LAST_VALUE", "element -> element"),
            ("LEAD", "element, ?int, ?element -> element"),
            ("MAX", "element -> element"),
            ("MIN", "element -> element"),
            ("NTILE", "int -> numeric"),
            ("PERCENT_RANK", "-> numeric"),
            ("RANK", "-> numeric"),
            ("ROW_NUMBER", "-> numeric"),
            ("SUM", "numeric -> numeric"),
        ],
        status=DELEGATED,
    ),
    *(
        _one(
            ANALYTIC, WINDOW, name, signature, status=DELEGATED, syntax=f"{name}(…) WITHIN GROUP (…) OVER (…)"
        )
        for name, signature in (
            ("LISTAGG", "element, text -> text"),
            ("PERCENTILE_CONT", "numeric -> numeric"),
            ("PERCENTILE_DISC", "numeric -> numeric"),
        )
    ),
]


def _by_name(functions: Iterable[Function]) -> Iterator[tuple[str, tuple[Function, ...]]]:
    found: dict[str, list[Function]] = {}
    for function in functions:
        found.setdefault(function.name, []).append(function)
    return ((name, tuple(found[name])) for name in sorted(found))


FUNCTIONS = MappingProxyType(
    dict(
        _by_name(
            [
                *_TEXT_FUNCTIONS,
                *_ARITHMETIC_FUNCTIONS,
                *_DATE_FUNCTIONS,
                *_CONVERSION_FUNCTIONS,
                *_OTHER_FUNCTIONS,
                *_XML_FUNCTIONS,
                *_AGGREGATES,
                *_ANALYTICS,
            ]
        )
    )
)
"""Every documented function: upper-case name -> its entries, one for each kind (MAX has three)."""

RESERVED_WORDS = words_of(
    """
    ADD ALL ALTER AND ANY ARN AS ASC BASE BOTH CALL CASE CONNECT CONTEXT CREATE CROSS CURRENT_DATE
    CURRENT_TIMESTAMP CUSTOM DATABASE DEFAULT DESC DF DISTINCT DROP EXISTS FALSE FETCH FLATTEN FROM FULL
    GRANT GROUP GS HASH HAVING HTML IF INNER INTERSECT INTO IS JDBC JOIN LDAP LEADING LEFT LIMIT MERGE
    MINUS MY NATURAL NESTED NOS NOT NULL OBL ODBC OF OFF OFFSET ON ONE OPT OR ORDER ORDERED PRIVILEGES
    READ REVERSEORDER REVOKE RIGHT ROW SELECT SWAP TABLE TO TRACE TRAILING TRUE UNION USER USING VIEW WHEN
    WHERE WITH WRITE WS ZERO
    """
)
"""Words that cannot be an unquoted identifier (source: "Syntax Conventions"; GROUP BY is GROUP)."""

EXTRACT_FIELDS = words_of("YEAR MONTH DAY HOUR MINUTE SECOND MILLISECOND QUARTER WEEK DOW DOY")
"""Fields EXTRACT knows (source: "Datetime Processing Functions")."""

VDP_TYPES = words_of(
    """
    array blob boolean date decimal double float int intervaldaysecond intervalyearmonth localdate long
    register text time timestamp timestamptz xml
    """
)
"""Types of Virtual DataPort, the first argument of CAST('type', x) (source: "Data Types")."""

CAST_TYPES = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            CastType("BIT", "blob", 0, 1),
            CastType("BIT VARYING", "blob", 0, 1),
            CastType("BOOL", "boolean"),
            CastType("BYTEA", "blob"),
            CastType("CHAR", "text", 0, 1),
            CastType("CHARACTER", "text", 0, 1),
            CastType("CHARACTER VARYING", "text", 0, 1),
            CastType("DATE", "localdate"),
            CastType("DECIMAL", "double", 0, 2),
            CastType("DOUBLE PRECISION", "double"),
            CastType("FLOAT", "float"),
            CastType("FLOAT4", "float"),
            CastType("FLOAT8", "double"),
            CastType("INT2", "int"),
            CastType("INT4", "int"),
            CastType("INT8", "long"),
            CastType("INTEGER", "int"),
            CastType("NCHAR", "text", 0, 1),
            CastType("NUMERIC", "double", 0, 2),
            CastType("NVARCHAR", "text", 0, 1),
            CastType("REAL", "float"),
            CastType("SMALLINT", "int"),
            CastType("TEXT", "text"),
            CastType("TIMESTAMP", "timestamp"),
            CastType("TIMESTAMP WITHOUT TIME ZONE", "timestamp"),
            CastType("TIMESTAMP WITH TIME ZONE", "timestamptz"),
            CastType("TIMESTAMPTZ", "timestamptz"),
            CastType("TIME", "time"),
            CastType("TIME WITHOUT TIME ZONE", "time"),
            CastType("TIMETZ", "time"),
            CastType("VARBIT", "blob"),
            CastType("VARCHAR", "text", 0, 1),
        )
    }
)
"""Type names of CAST(x AS name) (source: "Type Conversion Functions"; for the names WITHOUT TIME ZONE, the
examples of "Data Types for Dates, Timestamps and Intervals")."""


def lookup(name: str) -> tuple[Function, ...]:
    """The entries of a function, in any case; empty when the manual does not document the name."""
    return FUNCTIONS.get(name.upper(), ())


def lookup_plain(name: str) -> list[Function]:
    """The entries of a function that is called without OVER."""
    return [function for function in lookup(name) if function.kind != ANALYTIC]


def is_reserved(word: str) -> bool:
    """True when the word cannot be an unquoted identifier."""
    return word.upper() in RESERVED_WORDS


def cast_type(name: str) -> CastType | None:
    """The documented type of CAST(x AS name), whatever its case and spacing; None when there is none."""
    return CAST_TYPES.get(" ".join(name.upper().split()))


def vdp_type(name: str) -> str:
    """The VDP type that CAST(x AS name) gives; "" when CAST does not know the name."""
    known = cast_type(name)
    return known.vdp_type if known else ""
