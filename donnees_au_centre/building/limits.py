"""No session of dbt waits for ever, nor outlives the process that opened it."""

from __future__ import annotations

from functools import cache
from typing import Any

from donnees_au_centre.patching import patch

# For a lock that does not come (what replaces a table asks for less at a time).
LOCKS = "60s"
# How often the server looks whether its client is still there: the query of a build that was killed ends.
CLIENT = "5s"
_SET = "set lock_timeout = '{}'; set client_connection_check_interval = '{}'"


@cache
def limit_sessions() -> None:
    """Has dbt's PostgreSQL adapter, in this process, open its sessions with these limits."""
    import psycopg2
    from dbt.adapters.postgres.connections import PostgresConnectionManager

    original = PostgresConnectionManager.__dict__["open"].__func__

    def open_limited(cls: Any, connection: Any) -> Any:
        was_open = connection.state == "open"
        opened = original(cls, connection)
        if not was_open and opened.state == "open":
            try:
                with opened.handle.cursor() as cursor:
                    cursor.execute(_SET.format(LOCKS, CLIENT))
                opened.handle.commit()
            except psycopg2.Error:
                # A server on a system that cannot tell a client is gone.
                opened.handle.rollback()
        return opened

    patch(PostgresConnectionManager, open=classmethod(open_limited))
