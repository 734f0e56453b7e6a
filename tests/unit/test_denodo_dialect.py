"""Reading, writing and translating VQL."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from denodo import VqlSyntaxError
from denodo.__main__ import main as check_main
from denodo.lexer import tokenize
from denodo.tree import Call, form
from tests.denodo import NotTranslatable, to_postgresql
from tests.denodo.__main__ import main
from tests.denodo.trees import operator, position, type_name, type_parameters
from tests.denodo.writer import _Writer

DOCUMENTED = """
SELECT * FROM (SELECT * FROM internet_inc UNION SELECT * FROM phone_inc) WHERE taxid = 'B78596011'
WITH d (deptno, totalpay) AS (SELECT deptno, SUM(salary) FROM emp GROUP BY deptno) SELECT deptno FROM d
SELECT f1, f2 FROM employee OFFSET 10 ROWS FETCH NEXT 10 ROWS ONLY
SELECT f1, f2 FROM employee OFFSET 10 LIMIT 10
SELECT f1 FROM employee FETCH NEXT ROWS ONLY
SELECT taxid, revenue FROM FLATTEN(average_revenue_array AS V, V.return)
SELECT taxid FROM FLATTEN(v.a.b)
SELECT * FROM a HASH ORDERED LEFT OUTER JOIN b ON (a.x = b.x), c NATURAL JOIN d CROSS JOIN e
SELECT * FROM a NESTED PARALLEL JOIN 4 f USING (g, h)
SELECT * FROM incident WHERE taxid = ANY (SELECT taxid FROM flat_revenue WHERE revenue > 2500)
SELECT * FROM a WHERE EXISTS (SELECT b.x FROM b AS b WHERE a.y = b.x) AND NOT a.z IS NULL
SELECT * FROM i WHERE taxid IN (SELECT taxid FROM f CONTEXT(SUBQUERYPLAN = NESTED ORDERED))
SELECT * FROM v CONTEXT('i18n' = 'us_pst') TRACE
SELECT title, LIST((author).contactaddress[0].mail) AS l FROM book GROUP BY title
SELECT title FROM book WHERE (author).contactaddress = {ROW('j@m.com', {ROW('Real', 'Madrid')})}
SELECT COUNT(DISTINCT a), SUM(ALL b), COUNT(*) FROM t
SELECT RANK() OVER (PARTITION BY r.n ORDER BY x DESC ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) FROM r
SELECT LISTAGG(a, ',') WITHIN GROUP (ORDER BY b) OVER (PARTITION BY c) FROM t
SELECT INTERVAL '4 5:12:10.222' DAY TO SECOND, TIMESTAMP WITH TIME ZONE '2018-01-15 21:45:01 +02:00'
SELECT CAST(CURRENT_TIMESTAMP AS TIME WITHOUT TIME ZONE), CAST('int', 2.5), DATE '2018-01-01'
SELECT 'a' REGEXP_LIKE 'A\\d+', x ~ ('General', '0.7', 'JaroWinkler'), b CONTAINSOR ('x', 'y') FROM Dual()
SELECT a NOT LIKE 'b%' ESCAPE '~', c IS NOT NULL, d NOT IN (1, 2), e NOT BETWEEN 1 AND 2 FROM t
SELECT TRIM(TRAILING 'c' FROM x), TRIM(x), SUBSTRING(x FROM 2 FOR 3), SUBSTRING(x, 1, 5), POSITION('a' IN x)
SELECT EXTRACT(YEAR FROM d), CASE a WHEN 1 THEN 'x' ELSE 'y' END, CASE WHEN a = b THEN 1 END
SELECT a AS "Été", "Mixed".b FROM "DB"."View" AS "Mixed" ORDER BY 1 DESC, lower(a) ASC
CONNECT DATABASE ventes
CREATE OR REPLACE FOLDER '/a' DESCRIPTION 'z'
CREATE OR REPLACE VIEW v FOLDER = '/a/b' DESCRIPTION = 'l''été' PRIMARY KEY ("x") AS SELECT a AS x FROM b
(SELECT a FROM t) MINUS (SELECT a FROM u INTERSECT SELECT a FROM w)
SELECT a FROM t EXTENDED UNION ALL SELECT b FROM u
""".strip().splitlines()

# PostgreSQL's own, which the reader takes so that it can be accused precisely.
LENIENT = """
SELECT DISTINCT ON (a) a, b::int, c ILIKE 'x', d !~* 'y', e->>'k', ARRAY[1, 2][1], x AT TIME ZONE 'utc' FROM t
SELECT SUM(a) FILTER (WHERE b > 1), x IS DISTINCT FROM y, x IS NOT TRUE FROM t
SELECT a FROM t GROUP BY ROLLUP(a) HAVING COUNT(*) > 1 LIMIT 3
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (a, b) CROSS JOIN LATERAL (SELECT 1) AS l
WITH RECURSIVE a AS (SELECT 1 UNION ALL SELECT n + 1 FROM a) SELECT (SELECT MAX(x) FROM y) FROM a
SELECT LAG(a) IGNORE NULLS OVER w FROM t WINDOW w AS (PARTITION BY a)
SELECT a FROM t ORDER BY a NULLS LAST
""".strip().splitlines()


def read(vql: str) -> exp.Expression:
    return sqlglot.parse_one(vql, read="denodo")


def postgresql(vql: str) -> str:
    return sqlglot.transpile(vql, read="denodo", write="postgres")[0]


@pytest.mark.parametrize("vql", DOCUMENTED)
def test_documented_vql_is_written_as_it_was_read(vql: str) -> None:
    written = read(vql).sql(dialect="denodo")
    assert written.replace(" ", "").lower() == vql.replace(" ", "").lower()
    assert read(written) == read(vql)


@pytest.mark.parametrize("vql", LENIENT)
def test_what_only_postgresql_has_is_read_too(vql: str) -> None:
    assert read(read(vql).sql(dialect="denodo")) == read(vql)


def test_every_method_of_the_writer_is_for_a_node() -> None:
    methods = {name[:-1] for name in dir(_Writer) if name.endswith("_") and not name.startswith("_")}
    assert methods <= set(exp.EXPR_CLASSES)


def test_a_call_keeps_its_name_and_arguments() -> None:
    tree = read("select Addday(d, 1), count(distinct x), current_date")
    first, second, third = tree.expressions
    assert isinstance(first, Call) and first.name == "ADDDAY" and len(first.expressions) == 2
    assert second.name == "COUNT" and second.args["quantifier"] == "DISTINCT"
    assert third.name == "CURRENT_DATE" and form(third) == "bare"


def test_places_and_spellings_are_kept() -> None:
    vql = "select a\nfrom t where a != 1 and cast(b as int4) <> c::varchar(3)\norder by a nulls last limit 2"
    tree = read(vql)
    unequal, other = list(tree.find_all(exp.NEQ))
    if operator(unequal) != "!=":
        unequal, other = other, unequal
    assert operator(unequal) == "!=" and operator(other) == "<>"
    place = position(unequal, "operator")
    assert vql[place.start : place.end] == "!=" and (place.line, place.column) == (2, 16)
    casts = {form(cast): cast for cast in tree.find_all(exp.Cast)}
    assert type_name(casts["as"]) == "INT4"
    assert type_name(casts["::"]) == "VARCHAR" and type_parameters(casts["::"]) == ["3"]
    at = position(casts["as"], "type")
    assert vql[at.start : at.end] == "int4"
    at = position(tree.args["order"].expressions[0], "nulls")
    assert vql[at.start : at.end] == "nulls last"
    at = position(tree, "limit")
    assert vql[at.start : at.end] == "limit 2" and (at.line, at.column) == (3, 23)
    assert tree.meta["modifiers"] == ["order", "limit"]


def test_comments_are_left_out() -> None:
    assert read("select 1 # un\n + 2 -- deux\n /* trois\n */ + 3").sql(dialect="denodo") == "SELECT 1 + 2 + 3"
    tokens, hashes = tokenize("a # b\n c")
    assert [token.value for token in tokens] == ["A", "C", ""]
    assert [(comment.start, comment.end) for comment in hashes] == [(2, 5)]


@pytest.mark.parametrize(
    ("vql", "line", "column"),
    [
        ("select a from", 1, 14),
        ("select a\nfrom where b", 2, 6),
        ("select 'abc", 1, 8),
        ('select "abc', 1, 8),
        ("select a /* b", 1, 10),
        ("select (a", 1, 10),
        ("select a b c", 1, 12),
        ("select case end", 1, 13),
        ("select a from t where a in (1", 1, 30),
        ("create view v as", 1, 17),
    ],
)
def test_an_error_says_where(vql: str, line: int, column: int) -> None:
    with pytest.raises(VqlSyntaxError) as caught:
        read(vql)
    assert (caught.value.line, caught.value.column) == (line, column)
    assert str(caught.value).startswith(f"ligne {line}, colonne {column} : ")


@pytest.mark.parametrize(
    ("vql", "expected"),
    [
        ("select addday(d, 1) from t", "SELECT vql.addday(d, 1) FROM t"),
        ("select 'x' like 'a%'", "SELECT 'x' LIKE 'a%' ESCAPE '$'"),
        ("select a like '$5%' from t", "SELECT a LIKE '$$5%' ESCAPE '$' FROM t"),
        ("select a like '5$%' from t", "SELECT a LIKE '5$%' ESCAPE '$' FROM t"),
        ("select a like 'b' escape '~' from t", "SELECT a LIKE 'b' ESCAPE '~' FROM t"),
        ("select 3.45 as a", "SELECT CAST(3.45 AS double precision) AS a"),
        ("select cast('decimal', a) as b from t", "SELECT vql.to_decimal(a) AS b FROM t"),
        ("select cast(a as varchar(3)) as b from t", "SELECT CAST(vql.to_text(a) AS varchar(3)) AS b FROM t"),
        ("select a - b as c from t", "SELECT vql.subtract(a, b) AS c FROM t"),
        ("select a - 1 as c from t", "SELECT a - 1 AS c FROM t"),
        ("select a from t union select b from u", "SELECT a FROM t UNION SELECT b FROM u"),
        ("select a from t minus select a from u", "SELECT a FROM t EXCEPT SELECT a FROM u"),
        ("select a from t offset 3 rows fetch next row only", "SELECT a FROM t LIMIT 1 OFFSET 3"),
        ("select max(a), max(a, b, 3) as m from t", "SELECT max(a), vql.max_of(a, b, 3) AS m FROM t"),
        ("select sum(a, b) as s, sum(a) from t", "SELECT (a + b) AS s, vql.sum(a) FROM t"),
        ("select rownum(10) from t", "SELECT (row_number() OVER () + 10) AS rownum FROM t"),
        ("select a from t order by lower(a)", 'SELECT a FROM t ORDER BY vql.lower(a) COLLATE "C"'),
        ("select a + 1 as b from t order by b * 2", "SELECT a + 1 AS b FROM t ORDER BY (a + 1) * 2"),
        ('select A, "B", "order", "c" from T', 'SELECT a, "B", "order", c FROM t'),
        ("select a is not null as b from t", "SELECT NOT a IS NULL AS b FROM t"),
        (
            "select x from Dual() hash join t on (true)",
            "SELECT x FROM (SELECT CAST(NULL AS text) AS dummy) AS dual JOIN t ON (TRUE)",
        ),
        ("select 1 + 1 as a from dual()", "SELECT 1 + 1 AS a"),
        ("select * from (select 1 as a)", "SELECT * FROM (SELECT 1 AS a)"),
        ("select extract(dow from d) as a from t", "SELECT vql.getdow(d) AS a FROM t"),
        ("connect database ventes", "SET search_path TO ventes"),
        (
            "create or replace view v folder = '/x' as select 1 as a",
            "CREATE OR REPLACE VIEW v AS SELECT 1 AS a",
        ),
    ],
)
def test_postgresql_says_the_same(vql: str, expected: str) -> None:
    assert postgresql(vql) == expected


def test_other_postgresql_is_left_alone() -> None:
    assert sqlglot.transpile("select a like 'b', 1.5", read="postgres", write="postgres") == [
        "SELECT a LIKE 'b', 1.5"
    ]


@pytest.mark.parametrize(
    ("vql", "part"),
    [
        ("select a from t minus select b as c from t", "mêmes noms de colonnes"),
        ("select a from flatten(v.b)", "FLATTEN"),
        ("select cast('entier', a) from t", "type « entier » inconnu"),
        ("drop view v", "DROP"),
    ],
)
def test_what_has_no_counterpart_is_refused(vql: str, part: str) -> None:
    with pytest.raises(NotTranslatable, match=part):
        postgresql(vql)


def test_a_script_becomes_views_with_comments() -> None:
    script = """
    CREATE OR REPLACE FOLDER '/marts';
    CONNECT DATABASE age;
    CREATE OR REPLACE VIEW base FOLDER = '/marts' DESCRIPTION = 'l''âge' AS SELECT 'b' AS t, 1 AS n;
    CREATE OR REPLACE VIEW autre AS SELECT t FROM base WHERE t > 'a' CONTEXT('formatted' = 'yes');
    SELECT t FROM agc.base ORDER BY t
    """
    assert to_postgresql(script, schema_map={"age": "age_vdp"}) == [
        "create or replace view age_vdp.base as SELECT 'b' AS t, 1 AS n",
        "comment on view age_vdp.base is 'l''âge\nDossier : /marts'",
        "create or replace view age_vdp.autre as SELECT t FROM age_vdp.base WHERE t COLLATE \"C\" > 'a'",
        "SELECT t FROM agc.base ORDER BY t",
    ]


def test_commands_transpile_and_check_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "requête.vql"
    file.write_text("select addday(d, 1) as e from t", encoding="utf-8")
    assert main(["transpile", str(file)]) == 0
    assert capsys.readouterr().out == "SELECT\n  vql.addday(d, 1) AS e\nFROM t\n;\n"
    file.write_text("select a from t where a != 1", encoding="utf-8")
    assert check_main(["check", str(file)]) == 1
    assert "requête.vql:1:25 : [" in capsys.readouterr().out
    file.write_text("select a from", encoding="utf-8")
    assert main(["transpile", str(file)]) == 1
    assert "ligne 1, colonne 14" in capsys.readouterr().err
