"""What SQL Server and DB2 are asked: compiled without a server."""

from __future__ import annotations

from typing import Any

import pytest

from donnees_au_centre.connectors import Column, Incremental, connection_named, kind_named
from donnees_au_centre.connectors.kinds import sqlserver
from donnees_au_centre.connectors.sql_reading import ACCOUNT, BUSY, GONE, UNKNOWN


def reader(name: str) -> Any:
    kind = kind_named(name)
    connection = connection_named("essai", {"SOURCE_ESSAI": f"{name}://u@machine/b"})
    return kind(connection, "s.t", kind.options_class())


def written(source: Any, dialect: Any, columns: list[tuple[str, str]], since: str | None) -> str:
    statement = source.statement([Column(*one) for one in columns], since)
    return " ".join(str(statement.compile(dialect=dialect)).split())


def test_sql_server_writes_its_values_itself() -> None:
    from sqlalchemy.dialects.mssql import pymssql

    source = reader("sqlserver")
    source.incremental = Incremental("m", "time", None, ())
    columns = [("n", "decimal(38,10)"), ("f", "float"), ("m", "datetime"), ("b", "varbinary(max)"),
               ("i", "image"), ("t", "varchar(20)"), ("a", "money")]  # fmt: skip
    found = written(source, pymssql.dialect(), columns, "2026-01-01 00:00:00.123456")
    for expression in (
        "convert(varchar(41), [n])",
        "convert(varchar(40), [f], 3)",
        "convert(varchar(40), [m], 121)",
        "convert(varchar(max), [b], 1)",
        "convert(varchar(max), convert(varbinary(max), [i]), 1)",
        "convert(nvarchar(max), [t])",
        "convert(varchar(30), [a], 2)",
        "WHERE [m] >= convert(datetime, ",
    ):
        assert expression in found, found


@pytest.mark.parametrize(
    ("since", "kind", "expected"),
    [
        ("2026-01-01 00:00:00.123456", "datetime", "2026-01-01 00:00:00.123"),
        ("2026-01-01 00:00:00.123456", "datetime2", "2026-01-01 00:00:00.123456"),
        ("2026-01-01 00:00:00+00", "datetimeoffset", "2026-01-01 00:00:00 +00:00"),
        ("2026-01-01 00:00:00+00", "date", "2026-01-01 00:00:00"),
        ("2026-01-01", "date", "2026-01-01"),
    ],
)
def test_sql_server_reads_a_moment(since: str, kind: str, expected: str) -> None:
    assert sqlserver.moment(since, kind) == expected


def test_db2_writes_its_values_itself() -> None:
    base = pytest.importorskip("ibm_db_sa.ibm_db", reason="make drivers NAME=db2")
    source = reader("db2")
    source.incremental = Incremental("M", "time", None, ())
    columns = [("N", "decimal(31, 10)"), ("D", "date"), ("H", "time"), ("M", "timestamp"), ("B", "blob")]
    found = written(source, base.dialect(), columns, "2026-01-01 00:00:00+00")
    for expression in (
        'varchar("N")',
        'char("D", iso)',
        'char("H", jis)',
        "varchar_format(\"M\", 'YYYY-MM-DD HH24:MI:SS.FF12')",
        '"B"',
        "timestamp(",
        "for read only",
    ):
        assert expression in found, found


def test_what_their_errors_mean() -> None:
    server, db2 = reader("sqlserver"), reader("db2")
    assert server.fault(Exception((20009, b"Unable to connect"))) == GONE
    assert server.fault(Exception((18456, b"Login failed for user 'u'."))) == ACCOUNT
    assert server.fault(Exception(208, b"Invalid object name 's.t'.")) == UNKNOWN
    assert server.fault(Exception(1205, b"deadlock")) == BUSY
    assert db2.fault(Exception("[IBM] SQL30082N refused SQLSTATE=08001 SQLCODE=-30082")) == ACCOUNT
    assert db2.fault(Exception("[IBM] SQL30081N  A communication error SQLCODE=-30081")) == GONE
    assert db2.fault(Exception('[IBM] SQL0204N  "S.T" is an undefined name. SQLCODE=-204')) == UNKNOWN


@pytest.mark.parametrize(
    ("name", "written_as"), [("sqlserver", "select top 5"), ("db2", "fetch first 5 rows")]
)
def test_few_rows_are_asked_where_few_are_enough(name: str, written_as: str) -> None:
    from sqlalchemy.dialects import mssql

    source = reader(name)
    if name == "db2":
        ibm = pytest.importorskip("ibm_db_sa.ibm_db", reason="make drivers NAME=db2")
        dialect: Any = ibm.dialect()
    else:
        dialect = mssql.pymssql.dialect()
    source.few = 5
    compiled = source.statement([Column("n", "int")], None).compile(
        dialect=dialect, compile_kwargs={"literal_binds": True}
    )
    assert written_as in " ".join(str(compiled).lower().split())
