"""VQL's functions in the PostgreSQL schema `vql`: installing them, what is there, what each gives."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from denodo import catalogue
from tests.denodo.engine import install, script

# Written by the dialect with PostgreSQL's own means: special syntax, or aggregates that are the same.
NATIVE = {"CAST", "COALESCE", "NULLIF", "ROWNUM", "EXTRACT", "COUNT", "IS_PROJECTED_FIELD"}


@pytest.fixture(scope="module")
def connection(server) -> Iterator[psycopg.Connection]:
    """A connection to a database in which the functions are installed."""
    server.ensure_database("essai_moteur_vql")
    with psycopg.connect(server.start().conninfo("essai_moteur_vql"), autocommit=True) as opened:
        install(opened)
        yield opened
    server.drop_database("essai_moteur_vql")


def value(connection: psycopg.Connection, expression: str) -> object:
    """The value of one expression."""
    return connection.execute(f"select {expression}").fetchone()[0]


def functions(connection: psycopg.Connection) -> dict[str, int]:
    """Names of the functions of schema `vql` and how many of each."""
    return dict(
        connection.execute(
            "select proname, count(*) from pg_proc where pronamespace = to_regnamespace('vql') "
            "group by proname"
        ).fetchall()
    )


def test_installing_twice_changes_nothing(database: str) -> None:
    with psycopg.connect(database) as connection:
        install(connection)
        first = functions(connection)
        view = "create view calcul as select vql.upper('a') as a, vql.sum(1, 2) as b"
        connection.execute(view)
        install(connection)
        # Even when the stamp is lost, everything is created again over what is there.
        connection.execute("comment on schema vql is null")
        install(connection)
        assert functions(connection) == first
        assert connection.execute("select a, b from calcul").fetchone() == ("A", 3)


def test_an_ordinary_role_may_install_and_others_may_call(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("create role installateur_vql login")
        try:
            name = value(connection, "quote_ident(current_database())")
            connection.execute(f"grant create on database {name} to installateur_vql")
            connection.execute("set role installateur_vql")
            install(connection)
            assert value(connection, "vql.concat('a', 1)") == "a1"
            assert value(connection, "vql.removeaccents('été')") == "ete"
        finally:
            connection.execute("reset role")
            connection.execute("drop schema if exists vql cascade")
            connection.execute("drop owned by installateur_vql")
            connection.execute("drop role installateur_vql")


def test_a_failure_leaves_nothing_behind(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.denodo.engine.script", lambda: script() + "\nselect 1 / 0;")
    with psycopg.connect(database, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.DivisionByZero):
            install(connection)
        assert value(connection, "to_regnamespace('vql')") is None


def test_the_script_uses_no_extension_and_no_search_path() -> None:
    text = script().lower()
    assert "create extension" not in text
    assert "search_path" not in text


def test_every_documented_function_is_there(connection: psycopg.Connection) -> None:
    expected = {
        ("max_of" if name == "MAX" else "min_of") if name in ("MAX", "MIN") else name.lower()
        for name, entries in catalogue.FUNCTIONS.items()
        for entry in entries
        if entry.kind != catalogue.ANALYTIC
        and entry.status in (catalogue.DOCUMENTED, catalogue.DEPRECATED)
        and name not in NATIVE
        and name != "CREATETYPEFROMXML"
    }
    missing = expected - set(functions(connection))
    # CURRENT_DATE and CURRENT_TIMESTAMP are words of PostgreSQL as well.
    assert missing - {"current_date", "current_timestamp"} == set()


GIVE_NULL = [
    "vql.ascii(null)", "vql.char(null)", "vql.concat('a', null)", "vql.concat(1, null)",
    "vql.len(null)", "vql.lower(null)", "vql.upper(null)", "vql.trim(null)", "vql.ltrim(null)",
    "vql.rtrim(null)", "vql.trim_both(null, 'a')", "vql.trim_trailing(null, 'a')",
    "vql.position('a', null)", "vql.position(null::text, 'a')", "vql.instr(null, 'a')",
    "vql.regexp(null, 'a', 'b')", "vql.regexp('a', null, 'b')", "vql.regexp('a', 'b', null)",
    "vql.regexp_like(null, 'a')", "vql.regexp_like('a', null)", "vql.removeaccents(null)",
    "vql.repeat(null, 2)", "vql.repeat('a', null)", "vql.replace(null, 'a', 'b')",
    "vql.replace('a', null, 'b')", "vql.similarity(null, 'a')", "vql.split(',', null)",
    "vql.substring(null, 1)", "vql.substring('a', null)", "vql.substring('a', 0, null)",
    "vql.substr(null, 1)", "vql.substr('a', null)", "vql.substr('a', 1, null)",
    "vql.abs(null::integer)", "vql.ceil(null::numeric)", "vql.round(null::double precision, 2)",
    "vql.mod(null::integer, 2)", "vql.div(1, null::integer)", "vql.mult(1, null)", "vql.sum(1, null)",
    "vql.subtract(1, null::integer)", "vql.max_of(1, null, 3)", "vql.min_of('a', null)",
    "vql.sign(null::integer)", "vql.sqrt(null::integer)", "vql.log(null::integer, 2)",
    "vql.power(2, null::integer)", "vql.hash(null)", "vql.to_int(null)",
    "vql.to_text(null::double precision)", "vql.to_boolean(null)", "vql.trunc(null)",
    "vql.array_to_string(',', null)", "vql.map(null, 'm')", "vql.containsor(null, array['a'])",
    "vql.containsand('a', array['a', null])",
]  # fmt: skip


def test_null_in_null_out(connection: psycopg.Connection) -> None:
    row = connection.execute(f"select {', '.join(f'({one}) is null' for one in GIVE_NULL)}").fetchone()
    assert [one for one, null in zip(GIVE_NULL, row, strict=True) if not null] == []


RESULT_TYPES = [
    ("vql.ceil(1)", "integer"),
    ("vql.ceil(1::bigint)", "bigint"),
    ("vql.ceil(1.5)", "bigint"),
    ("vql.floor(1.5::double precision)", "bigint"),
    ("vql.round(1)", "integer"),
    ("vql.round(1::bigint)", "bigint"),
    ("vql.round(1.5::real)", "bigint"),
    ("vql.round(1.5::double precision)", "bigint"),
    ("vql.round(155, -1)", "integer"),
    ("vql.round(1.55::real, 1)", "real"),
    ("vql.round(1.55::double precision, 1)", "double precision"),
    ("vql.trunc(1)", "bigint"),
    ("vql.trunc(1.5::double precision)", "bigint"),
    ("vql.mod(5, 2)", "integer"),
    ("vql.mod(5::bigint, 2)", "integer"),
    ("vql.mod(5::bigint, 2::bigint)", "bigint"),
    ("vql.mod(5::real, 2::real)", "double precision"),
    ("vql.mod(5::numeric, 2)", "numeric"),
    ("vql.sign(5)", "integer"),
    ("vql.power(5, 2)", "double precision"),
    ("vql.sum(1, 2::bigint)", "bigint"),
    ("vql.sum(1, 2::numeric)", "numeric"),
    ("vql.mult(1, 2::real)", "real"),
    ("vql.max_of(1, 2::double precision)", "double precision"),
    ("vql.div(1, 2)", "integer"),
    ("vql.subtract(1, 2::bigint)", "bigint"),
    ("vql.to_float('1')", "real"),
    ("vql.to_decimal(1::double precision)", "numeric"),
]


def test_documented_result_types(connection: psycopg.Connection) -> None:
    asked = ", ".join(f"pg_typeof({expression})::text" for expression, _ in RESULT_TYPES)
    row = connection.execute(f"select {asked}").fetchone()
    found = [(expression, kind) for (expression, _), kind in zip(RESULT_TYPES, row, strict=True)]
    assert [pair for pair in found if pair not in RESULT_TYPES] == []


@pytest.mark.parametrize(
    ("aggregate", "kind", "result"),
    [
        ("vql.sum(x::integer)", "integer", 6),
        ("vql.sum(x::bigint)", "bigint", 6),
        ("vql.sum(x::real)", "real", 6),
        ("vql.sum(x::numeric)", "numeric", 6),
        ("vql.avg(x::integer)", "double precision", 2),
        ("vql.avg(x::numeric)", "double precision", 2),
        ("vql.median(x::integer)", "double precision", 2),
        ("vql.median(x::numeric)", "numeric", 2),
        ("vql.first(x::integer)", "integer", 1),
        ("vql.sum(distinct x::integer)", "integer", 6),
    ],
)
def test_aggregates_keep_the_documented_type(
    connection: psycopg.Connection, aggregate: str, kind: str, result: int
) -> None:
    found = connection.execute(
        f"select {aggregate}, pg_typeof({aggregate})::text from (values (1), (2), (3)) as v (x)"
    ).fetchone()
    assert found == (result, kind)


@pytest.mark.parametrize(
    "aggregate", ["sum", "avg", "median", "stdev", "varp", "first", "last", "list", "group_concat"]
)
def test_aggregates_of_nothing_are_null(connection: psycopg.Connection, aggregate: str) -> None:
    assert value(connection, f"vql.{aggregate}(x) from (values (1)) as v (x) where x > 1") is None


def test_int_and_long_overflow_silently(connection: psycopg.Connection) -> None:
    assert value(connection, "vql.sum(x) from (values (2147483647), (1)) as v (x)") == -2147483648
    assert value(connection, "vql.sum(x) from (values (9223372036854775807), (1)) as v (x)") == -(2**63)
    assert value(connection, "vql.mult(9223372036854775807, 2)") == -2
    assert value(connection, "vql.subtract(-2147483648, 1)") == 2147483647


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("10", "10.0"), ("0", "0.0"), ("-0.5", "-0.5"), ("0.001", "0.001"), ("0.00099", "9.9E-4"),
        ("1e-5", "1.0E-5"), ("9999999.5", "9999999.5"), ("10000000", "1.0E7"),
        ("1421987066.3333333", "1.4219870663333333E9"),
        ("123456789012345678", "1.23456789012345677E17"), ("1e22", "1.0E22"), ("'NaN'", "NaN"),
        ("'-Infinity'", "-Infinity"),
    ],
)  # fmt: skip
def test_a_double_prints_as_java_prints_it(connection: psycopg.Connection, number: str, text: str) -> None:
    found = value(connection, f"vql.to_text({number}::double precision)")
    assert found == text or float(found) == float(text)
    assert ("E" in found) == ("E" in text)


JAVA_PATTERNS = [
    (r"\d{3}", "123", "12"),
    (r"\d", "1", "٣"),
    (r"[\w.-]+@[\w.-]+\.[a-z]{2,}", "jean.dupont@cfwb.be", "jean dupont@cfwb.be"),
    (r"(?i)abc", "ABC", "ABD"),
    (r"(?s)a.b", "a\nb", "a\n\nb"),
    (r"a.b", "axb", "a\nb"),
    (r"\p{Lu}\p{Ll}+", "Été", "été"),
    (r"\p{Alpha}+", "Ete", "Été"),
    (r"[\p{L}' -]+", "L'Écluse d'en Haut", "a1"),
    (r"\P{L}+", "123", "a23"),
    (r"\Q1+1\E=2", "1+1=2", "11=2"),
    (r"(\w)\1", "aa", "ab"),
    (r"(?<lettre>\w)\k<lettre>", "aa", "ab"),
    (r"x(?=y)y", "xy", "xz"),
    (r"\x41\u0042", "AB", "ab"),
    (r"[]a]", "]", "b"),
    (r"[a-c[x-z]]", "y", "m"),
    (r"\S+\s\S+", "a b", "ab"),
    (r"[^\d\s]+", "abc", "a1"),
    (r"a|bc", "bc", "ac"),
    (r"<.*?>", "<a>", "a>"),
    (r"\$\{x\}", "${x}", "x"),
    (r"", "", "a"),
]


def test_java_patterns(connection: psycopg.Connection) -> None:
    query = "select vql.regexp_like(%s::text, %s), vql.regexp_like(%s::text, %s)"
    found = {
        pattern: connection.execute(query, [matching, pattern, other, pattern]).fetchone()
        for pattern, matching, other in JAVA_PATTERNS
    }
    assert {pattern: answer for pattern, answer in found.items() if answer != (True, False)} == {}


@pytest.mark.parametrize(
    "pattern", ["a*+", "(?>a)", "[a-z&&[^b]]", r"\G", "a(?i)b", r"\p{IsHebrew}", "(?x)a b"]
)
def test_patterns_without_equivalent_are_refused(connection: psycopg.Connection, pattern: str) -> None:
    with pytest.raises(psycopg.errors.InvalidRegularExpression, match="n'a pas d'équivalent"):
        connection.execute("select vql.regexp_like('a', %s)", [pattern])


@pytest.mark.parametrize("replacement", ["$1", "$x", "${nom}", "\\"])
def test_replacements_java_refuses_are_refused(connection: psycopg.Connection, replacement: str) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="remplacement"):
        connection.execute("select vql.regexp('abc', 'b', %s)", [replacement])


@pytest.mark.parametrize(
    ("pattern", "text", "pieces"),
    [
        (",", "a,b", ["a", "b"]),
        (",", "a,,b,,", ["a", "", "b"]),
        (",", ",a", ["", "a"]),
        (",", "abc", ["abc"]),
        (",", "", [""]),
        (r"\s*;\s*", "a ; b;c", ["a", "b", "c"]),
        ("", "abc", ["a", "b", "c"]),
    ],
)
def test_split_like_java(connection: psycopg.Connection, pattern: str, text: str, pieces: list[str]) -> None:
    found = connection.execute("select vql.split(%s, %s)", [pattern, text]).fetchone()[0]
    assert [register["string"] for register in found] == pieces


@pytest.mark.parametrize(
    "name", ["acos", "asin", "atan", "cos", "degrees", "ln", "log", "radians", "sin", "sqrt"]
)
def test_functions_that_take_no_decimal_refuse_it(connection: psycopg.Connection, name: str) -> None:
    with pytest.raises(psycopg.errors.DatatypeMismatch, match="decimal"):
        connection.execute(f"select vql.{name}(cast(0.5 as numeric))")
    assert value(connection, f"vql.{name}(cast(0.5 as double precision))") is not None


def test_maps_and_views_give_values_by_key(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into vql.maps values ('jours', 'Sun', 'Sunday'), ('jours', 'Wed', 'Wednesday')"
    )
    connection.execute("create schema ref; create table ref.jours (court text, complet text)")
    connection.execute("insert into ref.jours values ('Sat', 'Saturday'), ('Wed', 'Wednesday')")
    try:
        assert value(connection, "vql.map('sun', 'jours')") == "Sunday"
        assert value(connection, "vql.map('Tue', 'jours')") is None
        assert value(connection, "vql.map('SAT', 'ref.jours', 'court', 'complet')") == "Saturday"
        assert value(connection, "vql.map('Sat', 'ref.absente', 'court', 'complet')") is None
        assert value(connection, "vql.replacemap('on Sun, Wed', 'jours')") == "on Sunday, Wednesday"
        assert value(connection, "vql.replacemap('on Sat', 'absente')") is None
        assert (
            value(connection, "vql.replacemap('Sat or Wed', 'ref.jours', 'court', 'complet')")
            == "Saturday or Wednesday"
        )
        assert value(connection, "vql.replacemap('Sat', 'ref.jours', 'court', 'absent')") is None
    finally:
        connection.execute("drop schema ref cascade; delete from vql.maps")


def test_arrays_and_registers_print_as_in_the_manual(connection: psycopg.Connection) -> None:
    assert value(connection, "vql.display(vql.split('0', '10.10'))") == "Array { { 1 } { .1 } }"
    assert value(connection, "vql.display(vql.register(row(1, 'A')))") == "Register { 1, A }"
    rows = """'[{"message": "Web Integration", "register_sample": {"key": 3, "value": "three"}},
                {"message": "Web Automation", "register_sample": {"key": 4, "value": "four"}}]'::jsonb"""
    assert (
        value(connection, f"vql.array_to_string(' - ', {rows})")
        == "{Web Integration,(3,three) - Web Automation,(4,four)}"
    )
    assert (
        value(connection, f"vql.array_to_string(', ', '[', ']', '|-', '-|', {rows})")
        == "[Web Integration, |-3, three-|, Web Automation, |-4, four-|]"
    )


def test_a_session_and_its_variables(connection: psycopg.Connection) -> None:
    assert value(connection, "vql.getsession('user') = current_user")
    assert value(connection, "vql.getvar('seuil', 'int', 5)") == 5
    connection.execute("set vql.var_seuil = '12'")
    assert value(connection, "vql.getvar('seuil', 'int', 5)") == 12
    connection.execute("reset vql.var_seuil")


def test_a_constant_pattern_is_translated_once(connection: psycopg.Connection) -> None:
    plan = connection.execute(
        r"explain (verbose, costs off) select vql.regexp_like(x, 'AJ\d+') from (select 'a' || g as x "
        "from generate_series(1, 10) as g) as v"
    ).fetchall()
    assert not any("java_regexp" in line for (line,) in plan)
