"""Every documented case gives the documented result on PostgreSQL."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from tests.denodo import to_postgresql
from tests.denodo.__main__ import main
from tests.denodo.cases import DIFFERENT, EXCUSED, Case, read_cases, run_cases, same_result, summary
from tests.denodo.engine import install

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "denodo" / "vql_cases.tsv"


def run(database: str, file: Path) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        install(connection)
        outcomes = run_cases(connection, read_cases(file))
    assert outcomes
    assert not [outcome for outcome in outcomes if outcome.status == DIFFERENT], summary(outcomes)


@pytest.mark.parametrize("file", sorted(HERE.glob("vql_*.tsv")), ids=lambda file: file.stem)
def test_documented_cases(database: str, file: Path) -> None:
    run(database, file)


def test_shared_cases(database: str) -> None:
    if not SHARED.exists():
        pytest.skip("le fichier de cas documentés n'est pas à côté de ce dépôt")
    with psycopg.connect(database, autocommit=True) as connection:
        install(connection)
        outcomes = run_cases(connection, read_cases(SHARED))
    assert not [outcome for outcome in outcomes if outcome.status == DIFFERENT], summary(outcomes)
    assert sum(outcome.status == EXCUSED for outcome in outcomes) <= 7, summary(outcomes)


def test_a_wrong_result_and_an_error_are_seen(database: str) -> None:
    cases = [
        Case("p", "LEN", "LEN('abc')", "4", "", 2),
        Case("p", "LEN", "LENGTH('abc')", "3", "", 3),
        Case("p", "LEN", "LEN('abc'", "3", "", 4),
        Case("p", "LEN", "LEN('abc')", "4", "DOC INCONSISTENT: blank", 5),
        Case("p", "NULLIF", "NULLIF(1, 1)", "NULL", "", 6),
    ]
    with psycopg.connect(database, autocommit=True) as connection:
        install(connection)
        outcomes = run_cases(connection, cases)
    assert [outcome.status for outcome in outcomes] == [DIFFERENT, DIFFERENT, DIFFERENT, EXCUSED, "conforme"]
    report = summary(outcomes)
    assert "5 cas du VQL documenté : 1 conforme(s), 3 différent(s), 1 excusé(s)." in report
    assert "obtenu    : 3" in report


@pytest.mark.parametrize(
    ("found", "documented", "same"),
    [
        ("6.283185307179586", "6.28", True),
        ("6.29", "6.28", False),
        ("25.0", "25", True),
        ("25.4", "25", False),
        ("1.4219870663333333E9", "1.4219870663333333E9", True),
        ("1.42E9", "1.43E9", False),
        ("Array { { I } { am } }", "Array { { I } { am} }", True),
        ("2010-03-05 21:17:05 +01:00", "2010-03-05 21:17:05", True),
        ("2010-03-05 21:17:05 +01:00", "2010-03-05 21:17:05+01:00", True),
        ("2010-03-05 21:17:05 +01:00", "2010-03-05 21:17:05+02:00", False),
        ("2010-03-05 21:17:05.5", "2010-03-05 21:17:05", False),
        ("2010-03-05 21:17:05.0", "2010-03-05 21:17:05", True),
        ("Array { { I } { am } }", "Array { I , am }", True),
        ("Array { {  } { am } }", "Array { , am }", True),
        ("Array { { I } { am } }", "Array { I am }", False),
        ("Array { { I } { am } }", "Array { { I } { an } }", False),
        ("a ", "a", True),
        (" a", "a", False),
        ("true", "false", False),
    ],
)
def test_results_compare_as_far_as_they_are_printed(found: str, documented: str, same: bool) -> None:
    assert same_result(found, documented) is same


def test_a_map_that_a_script_makes(database: str) -> None:
    script = """
        create map simple food ('breakfast' = 'milk' 'lunch' = 'd''agneau');
        create or replace map simple "Days" ('Sun' = 'Sunday' 'Wed' = 'Wednesday' 'Sun' = 'Sunday');
        select map('LUNCH', 'food') || coalesce(map('none', 'food'), '-')
            || replacemap('Sun, Wed', 'Days') || coalesce(replacemap('Sun', 'days'), '-') as found
    """
    with psycopg.connect(database, autocommit=True) as connection:
        install(connection)
        *maps, query = to_postgresql(script)
        for statement in maps * 2:
            connection.execute(statement)
        (found,) = connection.execute(query).fetchone()
    assert found == "d'agneau-Sunday, Wednesday-"


def test_an_array_is_text_for_a_reader_and_compound_within(database: str) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        install(connection)
        (query,) = to_postgresql(
            "select array_to_string('-', a) as t, a from (select split(' ', 'x y') as a) as v"
        )
        assert connection.execute(query).fetchone() == ("{x-y}", "Array { { x } { y } }")
        connection.execute(to_postgresql("create view v as select split(' ', 'x y') as a")[0])
        (kind,) = connection.execute("select pg_typeof(a)::text from v").fetchone()
    assert kind == "jsonb"


def test_the_command_says_where_a_server_is_to_be_had(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "cas.tsv"
    file.write_text("expression\tresultat\n", encoding="utf-8")
    assert main(["cases", str(file)]) == 1
    assert "documented_result" in capsys.readouterr().err
    file.write_text("doc_page\tfunction\texpression\tdocumented_result\tnote\n", encoding="utf-8")
    assert main(["cases", str(file), "--conninfo", "host=127.0.0.1 port=1"]) == 1
    assert "make -s env" in capsys.readouterr().err


def test_the_command_reports_in_french(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "cas.tsv"
    header = "doc_page\tfunction\texpression\tdocumented_result\tnote\n"
    file.write_text(f"{header}p\tLEN\tLEN('abc')\t3\t\n", encoding="utf-8")
    assert main(["cases", str(file), "--conninfo", database]) == 0
    assert "1 cas du VQL documenté : 1 conforme(s)" in capsys.readouterr().out
    file.write_text(f"{header}p\tLEN\tLEN('abc')\t4\t\n", encoding="utf-8")
    assert main(["cases", str(file), "--conninfo", database]) == 1
    assert "ligne 2 : LEN('abc')" in capsys.readouterr().out
    assert main(["cases", str(file), "--conninfo", "host=127.0.0.1 port=1"]) == 1
    assert "Connexion impossible" in capsys.readouterr().err
