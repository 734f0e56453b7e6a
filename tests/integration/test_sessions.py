"""A session of dbt serves several nodes, and each finds it as if it had just been opened."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from psycopg.conninfo import conninfo_to_dict

from donnees_au_centre.building.limits import close_free_sessions, limit_sessions


def opened(conninfo: str) -> Connection:
    said: dict[str, Any] = conninfo_to_dict(conninfo)
    credentials = PostgresCredentials(
        host=said["host"],
        user=said["user"],
        password=said["password"],
        port=int(said["port"]),
        database=said["dbname"],
        schema="public",
    )
    connection = Connection("postgres", "essai", credentials, ConnectionState.INIT)
    return PostgresConnectionManager.open(connection)


def asked(connection: Connection, sql: str) -> Any:
    with connection.handle.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()


WHAT = (
    "select pg_backend_pid(), to_regclass('pg_temp.essai') is not null, current_setting('search_path'), "
    "current_setting('lock_timeout'), current_user, "
    "(select count(*) from pg_locks where pid = pg_backend_pid() and locktype = 'advisory')"
)


def test_a_session_is_as_new_for_its_next_node(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    limit_sessions()
    close_free_sessions()
    manager = PostgresConnectionManager
    first = opened(database)
    number, *new = asked(first, WHAT)
    with first.handle.cursor() as cursor:
        cursor.execute(
            "create temporary table essai (a int); set search_path = age; set lock_timeout = 0; "
            "select pg_advisory_lock(1); set role pg_monitor"
        )
    first.handle.commit()
    assert asked(first, WHAT)[1:] != tuple(new)
    manager.close(first)
    assert first.state == ConnectionState.CLOSED
    again = opened(database)
    assert asked(again, WHAT) == (number, *new)
    # Two at a time are two.
    other = opened(database)
    assert asked(other, "select pg_backend_pid()") != (number,)
    manager.close(other)
    # What is in the middle of its work is not kept.
    again.transaction_open = True
    manager.close(again)
    third = opened(database)
    assert asked(third, "select pg_backend_pid()") != (number,)
    # Nor does a session serve who would open another one, with other keys.
    number = asked(third, "select pg_backend_pid()")
    manager.close(third)
    monkeypatch.setenv("PGOPTIONS", "-c dac.essai=1")
    fourth = opened(database)
    assert asked(fourth, "select current_setting('dac.essai')") == ("1",)
    assert asked(fourth, "select pg_backend_pid()") != number
    manager.close(fourth)
    close_free_sessions()
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("select pg_sleep(0.3)")
        left = connection.execute(
            "select count(*) from pg_stat_activity where datname = current_database() "
            "and pid <> pg_backend_pid() and backend_type = 'client backend'"
        ).fetchone()
    assert left == (0,)
