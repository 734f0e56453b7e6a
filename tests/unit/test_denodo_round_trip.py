"""What the dialect reads it writes back: random VQL made of documented functions, conditions and clauses."""

from __future__ import annotations

import re

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

import tests.denodo  # noqa: F401 - makes the dialect known
from denodo.catalogue import CAST_TYPES, EXTRACT_FIELDS, FUNCTIONS, SCALAR, VDP_TYPES

EXAMPLES = [50, pytest.param(300, marks=pytest.mark.long)]
WORDS = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\w+|\S")

COLUMNS = st.sampled_from(["a", "b", "montant", "v.debut", '"Nom"', '"à b"'])
TEXTS = st.sampled_from(
    ["", "a", "l''été", "100 %", "$1", "a\\b", 'dit "oui"', "-- rien", "/* rien */", "# rien"]
)
LITERALS = st.one_of(
    TEXTS.map("'{}'".format),
    st.integers(0, 10**18).map(str),
    st.sampled_from(["3.45", "0.1", "1.5E3", "TRUE", "FALSE", "NULL"]),
    st.sampled_from(["DATE '2024-02-29'", "TIMESTAMP '2024-02-29 12:30:00.5'", "TIME '12:30:00'"]),
    st.just("TIMESTAMP WITH TIME ZONE '2024-02-29 12:30:00 +02:00'"),
)
LENGTHS = ("CHAR", "VARCHAR", "NVARCHAR", "DECIMAL", "NUMERIC")
TYPES = [*sorted(CAST_TYPES), *(f"{name}(10)" for name in LENGTHS)]
PLAIN = [
    (name, signature)
    for name, functions in FUNCTIONS.items()
    for function in functions
    if function.kind == SCALAR and not function.syntax and not function.bare
    # It takes nothing but a literal.
    if name != "IS_PROJECTED_FIELD"
    for signature in function.signatures
]
# {v}: a value, {c}: a condition, and what only one form has.
VALUES = [
    *("({v} + {v})", "({v} - {v})", "({v} * {v})", "({v} / {v})", "({v} || {v})"),
    *("CASE WHEN {c} THEN {v} ELSE {v} END", "CASE {v} WHEN {v} THEN {v} WHEN {v} THEN {v} END"),
    *("COALESCE({v}, {v}, {v})", "NULLIF({v}, {v})", "CAST({v} AS {type})", "CAST('{vdp}', {v})"),
    *("TRIM({v})", "TRIM(BOTH ' ' FROM {v})", "TRIM(LEADING 'x' FROM {v})", "POSITION({v} IN {v})"),
    *("SUBSTRING({v} FROM {v} FOR {v})", "SUBSTRING({v}, {v}, {v})", "SUBSTR({v}, {v}, {v})"),
    *("EXTRACT({field} FROM {v})", "CURRENT_DATE", "CURRENT_TIMESTAMP", "NOW()", "PI()", "ROWNUM()"),
    *["{call}"] * 10,
]
CONDITIONS = [
    *("{v} = {v}", "{v} <> {v}", "{v} < {v}", "{v} <= {v}", "{v} > {v}", "{v} >= {v}"),
    *(
        "{v} LIKE {text} ESCAPE '~'",
        "{v} NOT LIKE {text}",
        "{v} REGEXP_LIKE {text}",
        "{v} REGEXP_ILIKE {text}",
    ),
    *("{v} IS NULL", "{v} IS NOT NULL", "{v} IS TRUE", "{v} IS FALSE", "{v} BETWEEN {v} AND {v}"),
    *("{v} IN ({v}, {v})", "{v} NOT IN ({v})", "{v} CONTAINSAND ('a', 'b')", "{v} CONTAINSOR ('a')"),
    *("({c}) AND ({c})", "({c}) OR ({c})", "NOT ({c})"),
]
AGGREGATES = [
    *(
        "SUM(a)",
        "AVG(a)",
        "MIN(a)",
        "MAX(a)",
        "MEDIAN(a)",
        "VAR(a)",
        "COUNT(*)",
        "COUNT(a)",
        "COUNT(DISTINCT a)",
    ),
    "GROUP_CONCAT(', ', a)",
]
JOINS = [
    *("", " INNER JOIN w ON v.a = w.a", " LEFT OUTER JOIN w ON v.a = w.a", " FULL OUTER JOIN w ON v.a = w.a"),
    *(" CROSS JOIN w", " NATURAL JOIN w", " INNER JOIN w USING (a)", ", w"),
]
ENDS = ["", " ORDER BY x DESC, y", " ORDER BY x OFFSET 2 LIMIT 5", " FETCH FIRST 5 ROWS ONLY"]
GROUPED = "SELECT a, {g} AS n FROM v GROUP BY a HAVING {g} > 1"
BODIES = ["SELECT {v} AS x, {v} AS y FROM v{join} WHERE {c}{end}", GROUPED]
QUERIES = [
    *BODIES,
    *(f"{GROUPED} {word} {GROUPED}" for word in ("UNION ALL", "MINUS", "INTERSECT")),
    f"WITH q AS ({GROUPED}) SELECT * FROM q",
    f"SELECT z.n FROM ({GROUPED}) AS z WHERE z.n IN (SELECT a FROM w)",
]
VIEWS = [f"CREATE OR REPLACE VIEW z FOLDER = '/commun' DESCRIPTION = 'l''âge' AS {body}" for body in BODIES]
PART = re.compile(r"\{([a-z]+)\}")


@st.composite
def vql(draw: st.DrawFn, forms: list[str], depth: int = 2) -> str:
    """One of the forms, its parts drawn too; at depth 0 a value is a column or a literal."""

    def part(name: str) -> str:
        if name == "v":
            return draw(vql(VALUES, depth - 1)) if depth and draw(st.booleans()) else draw(leaves())
        if name == "c":
            return draw(vql(CONDITIONS if depth else CONDITIONS[:6], max(depth - 1, 0)))
        if name == "call":
            function, signature = draw(st.sampled_from(PLAIN))
            most = signature.minimum + 2 if signature.maximum is None else signature.maximum
            count = draw(st.integers(signature.minimum, most))
            return f"{function}({', '.join(part('v') for _ in range(count))})"
        if name == "text":
            return f"'{draw(TEXTS)}'"
        lists = {"type": TYPES, "vdp": sorted(VDP_TYPES), "field": sorted(EXTRACT_FIELDS), "g": AGGREGATES}
        return draw(st.sampled_from({**lists, "join": JOINS, "end": ENDS}[name]))

    return PART.sub(lambda found: part(found[1]), draw(st.sampled_from(forms)))


def leaves() -> st.SearchStrategy[str]:
    return st.one_of(COLUMNS, LITERALS)


def thoroughly(examples: int) -> settings:
    """So many random texts, the same from one run to the next."""
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
    )


def read(text: str) -> exp.Expression:
    return sqlglot.parse_one(text, read="denodo")


def written(text: str) -> str:
    """The text as the dialect writes it back, after checking that it is read as the same tree."""
    tree = read(text)
    again = tree.sql(dialect="denodo")
    assert read(again) == tree, f"{text}\nis written, with another meaning,\n{again}"
    return again


def words(text: str) -> list[str]:
    """The words of a text, in upper case but for what stands between quotes; without brackets."""
    return [word if word[0] in "'\"" else word.upper() for word in WORDS.findall(text) if word not in "()"]


@pytest.mark.parametrize("examples", EXAMPLES)
def test_an_expression_is_written_as_it_was_read(examples: int) -> None:
    @given(vql(VALUES))
    @thoroughly(examples)
    def compare(expression: str) -> None:
        # The same tree twice would not show a function renamed on its way in: the words do.
        query = f"SELECT {expression} AS x FROM v"
        assert words(written(query)) == words(query)

    compare()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_condition_is_written_as_it_was_read(examples: int) -> None:
    @given(vql(CONDITIONS))
    @thoroughly(examples)
    def compare(condition: str) -> None:
        query = f"SELECT a FROM v WHERE {condition}"
        assert words(written(query)) == words(query)

    compare()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_query_is_written_as_it_was_read(examples: int) -> None:
    @given(vql(QUERIES + VIEWS))
    @thoroughly(examples)
    def compare(query: str) -> None:
        again = written(query)
        assert written(again) == again

    compare()


@pytest.mark.parametrize("examples", EXAMPLES)
def test_a_query_becomes_postgresql_that_postgresql_can_read(examples: int) -> None:
    @given(vql(QUERIES))
    @thoroughly(examples)
    def compare(query: str) -> None:
        (text,) = sqlglot.transpile(query, read="denodo", write="postgres")
        assert sqlglot.parse_one(text, read="postgres") is not None

    compare()


def test_every_documented_name_is_a_function_name() -> None:
    # Those with a syntax of their own are among the random expressions.
    plain = [
        name
        for name, functions in FUNCTIONS.items()
        if not any(function.syntax or function.bare for function in functions)
    ]
    assert len(plain) > 100
    assert [name for name in plain if words(written(f"SELECT {name}(a, b) AS x FROM v"))[1] != name] == []
