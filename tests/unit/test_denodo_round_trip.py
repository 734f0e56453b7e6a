"""What the dialect reads it writes back: random VQL made of documented functions, conditions and clauses."""

from __future__ import annotations

import re

import pytest
import sqlglot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlglot import exp

import denodo  # noqa: F401 - makes the dialect known
from denodo.catalogue import CAST_TYPES, EXTRACT_FIELDS, FUNCTIONS, SCALAR, VDP_TYPES

THOROUGHLY = settings(
    max_examples=300, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True
)
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
TYPES = st.one_of(st.sampled_from(sorted(CAST_TYPES)), st.sampled_from(LENGTHS).map("{}(10)".format))


def plain_calls(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Calls of the functions without a syntax of their own, with as many arguments as the manual gives."""
    plain = [
        (name, signature)
        for name, functions in FUNCTIONS.items()
        for function in functions
        if function.kind == SCALAR and not function.syntax and not function.bare
        for signature in function.signatures
    ]

    def call(chosen) -> st.SearchStrategy[str]:
        name, signature = chosen
        most = signature.minimum + 2 if signature.maximum is None else signature.maximum
        arguments = st.lists(value, min_size=signature.minimum, max_size=most)
        return arguments.map(lambda given: f"{name}({', '.join(given)})")

    return st.sampled_from(plain).flatmap(call)


def conditions(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("{} {} {}".format, value, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), value),
        st.builds("{} LIKE {} ESCAPE '~'".format, value, TEXTS.map("'{}'".format)),
        st.builds("{} NOT LIKE {}".format, value, TEXTS.map("'{}'".format)),
        st.builds("{} REGEXP_LIKE {}".format, value, TEXTS.map("'{}'".format)),
        st.builds("{} REGEXP_ILIKE {}".format, value, TEXTS.map("'{}'".format)),
        st.builds("{} IS {}".format, value, st.sampled_from(["NULL", "NOT NULL", "TRUE", "FALSE"])),
        st.builds("{} BETWEEN {} AND {}".format, value, value, value),
        st.builds("{} IN ({}, {})".format, value, value, value),
        st.builds("{} NOT IN ({})".format, value, value),
        st.builds("{} CONTAINSAND ('a', 'b')".format, value),
        st.builds("{} CONTAINSOR ('a')".format, value),
    )


def compounds(condition: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({}) {} ({})".format, condition, st.sampled_from(["AND", "OR"]), condition),
        st.builds("NOT ({})".format, condition),
    )


def larger(value: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    condition = conditions(value)
    return st.one_of(
        plain_calls(value),
        st.builds("({} {} {})".format, value, st.sampled_from(["+", "-", "*", "/", "||"]), value),
        st.builds("CAST({} AS {})".format, value, TYPES),
        st.builds("CAST('{}', {})".format, st.sampled_from(sorted(VDP_TYPES)), value),
        st.builds("CASE WHEN {} THEN {} ELSE {} END".format, condition, value, value),
        st.builds("CASE {} WHEN {} THEN {} WHEN {} THEN {} END".format, value, value, value, value, value),
        st.builds("COALESCE({}, {}, {})".format, value, value, value),
        st.builds("NULLIF({}, {})".format, value, value),
        st.builds("EXTRACT({} FROM {})".format, st.sampled_from(sorted(EXTRACT_FIELDS)), value),
        st.builds("TRIM({} '{}' FROM {})".format, st.sampled_from(["BOTH", "LEADING", "TRAILING"]),
                  st.sampled_from(" x"), value),
        st.builds("TRIM({})".format, value),
        st.builds("POSITION({} IN {})".format, value, value),
        st.builds("SUBSTRING({} FROM {} FOR {})".format, value, value, value),
        st.builds("SUBSTRING({}, {}, {})".format, value, value, value),
        st.builds("SUBSTR({}, {}, {})".format, value, value, value),
        st.sampled_from(["CURRENT_DATE", "CURRENT_TIMESTAMP", "NOW()", "PI()", "ROWNUM()"]),
    )  # fmt: skip


EXPRESSIONS = st.recursive(st.one_of(COLUMNS, LITERALS), larger, max_leaves=8)
CONDITIONS = st.recursive(conditions(EXPRESSIONS), compounds, max_leaves=4)
AGGREGATES = st.one_of(
    st.builds(
        "{}({})".format, st.sampled_from(["SUM", "AVG", "MIN", "MAX", "FIRST", "MEDIAN", "STDEV"]), COLUMNS
    ),
    st.builds("COUNT({}{})".format, st.sampled_from(["", "DISTINCT "]), COLUMNS),
    st.sampled_from(["COUNT(*)", "GROUP_CONCAT(', ', a)"]),
)
JOINS = st.sampled_from(
    [
        *(
            "",
            " INNER JOIN w ON v.a = w.a",
            " LEFT OUTER JOIN w ON v.a = w.a",
            " FULL OUTER JOIN w ON v.a = w.a",
        ),
        *(" CROSS JOIN w", " NATURAL JOIN w", " INNER JOIN w USING (a)", ", w"),
    ]
)
SELECTS = st.builds(
    "SELECT {} AS x, {} AS y FROM v{} WHERE {}{}".format,
    EXPRESSIONS,
    EXPRESSIONS,
    JOINS,
    CONDITIONS,
    st.sampled_from(["", " ORDER BY x DESC, y", " ORDER BY x OFFSET 2 LIMIT 5", " FETCH FIRST 5 ROWS ONLY"]),
)
GROUPED = st.builds("SELECT a, {} AS n FROM v GROUP BY a HAVING {} > 1".format, AGGREGATES, AGGREGATES)
BODIES = st.one_of(SELECTS, GROUPED)
QUERIES = st.one_of(
    BODIES,
    st.builds("{} {} {}".format, GROUPED, st.sampled_from(["UNION ALL", "MINUS", "INTERSECT"]), GROUPED),
    st.builds("WITH q AS ({}) SELECT * FROM q".format, GROUPED),
    st.builds("SELECT z.n FROM ({}) AS z WHERE z.n IN (SELECT a FROM w)".format, GROUPED),
    st.builds("CREATE OR REPLACE VIEW z FOLDER = '/commun' DESCRIPTION = 'l''âge' AS {}".format, BODIES),
)


def read(vql: str) -> exp.Expression:
    return sqlglot.parse_one(vql, read="denodo")


def written(vql: str) -> str:
    """The text as the dialect writes it back, after checking that it is read as the same tree."""
    tree = read(vql)
    again = tree.sql(dialect="denodo")
    assert read(again) == tree, f"{vql}\nis written, with another meaning,\n{again}"
    return again


def words(vql: str) -> list[str]:
    """The words of a text, in upper case but for what stands between quotes; without brackets."""
    return [word if word[0] in "'\"" else word.upper() for word in WORDS.findall(vql) if word not in "()"]


@given(EXPRESSIONS)
@THOROUGHLY
def test_an_expression_is_written_as_it_was_read(expression: str) -> None:
    # The same tree twice would not show a function renamed on its way in: the words do.
    assert words(written(f"SELECT {expression} AS x FROM v")) == words(f"SELECT {expression} AS x FROM v")


@given(CONDITIONS)
@THOROUGHLY
def test_a_condition_is_written_as_it_was_read(condition: str) -> None:
    vql = f"SELECT a FROM v WHERE {condition}"
    assert words(written(vql)) == words(vql)


@given(QUERIES)
@THOROUGHLY
def test_a_query_is_written_as_it_was_read(query: str) -> None:
    again = written(query)
    assert written(again) == again


@given(QUERIES)
@settings(THOROUGHLY, max_examples=150)
def test_a_query_becomes_postgresql_that_postgresql_can_read(query: str) -> None:
    (text,) = sqlglot.transpile(query, read="denodo", write="postgres")
    assert sqlglot.parse_one(text, read="postgres") is not None


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_every_documented_name_is_a_function_name(name: str) -> None:
    if any(function.syntax or function.bare for function in FUNCTIONS[name]):
        pytest.skip("a syntax of its own, among the random expressions")
    assert words(written(f"SELECT {name}(a, b) AS x FROM v"))[1] == name
