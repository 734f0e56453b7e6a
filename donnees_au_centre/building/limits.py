"""No session of dbt waits for ever, nor outlives the process that opened it; one serves several nodes."""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import Any

from donnees_au_centre.patching import patch

# For a lock that does not come (what replaces a table asks for less at a time).
LOCKS = "60s"
# How often the server looks whether its client is still there: the query of a build that was killed ends.
CLIENT = "5s"
_SET = f"set lock_timeout = '{LOCKS}'; set client_connection_check_interval = '{CLIENT}'"
# Of the node before, nothing is left: tables, locks, another role, settings.
_RESET = "discard temp; select pg_advisory_unlock_all(); reset session authorization; reset all; " + _SET


class _Free:
    """Sessions that wait for their next node."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: list[tuple[Any, Any]] = []

    def add(self, credentials: Any, handle: Any) -> None:
        with self._lock:
            self._waiting.append((_opened_with(credentials), handle))

    def take(self, credentials: Any) -> Any:
        """One that was opened as a new one would be; None when there is none."""
        wanted = _opened_with(credentials)
        with self._lock:
            for index, (with_what, handle) in enumerate(self._waiting):
                if with_what == wanted:
                    del self._waiting[index]
                    return handle
        return None

    def close(self) -> None:
        with self._lock:
            while self._waiting:
                self._waiting.pop()[1].close()


_free = _Free()


def close_free_sessions() -> None:
    """Closes the sessions that wait: the server then counts all that they did."""
    _free.close()


def _opened_with(credentials: Any) -> tuple[Any, ...]:
    # libpq also reads the environment: the keys of pseudonyms stand there.
    return credentials, tuple(sorted(pair for pair in os.environ.items() if pair[0].startswith("PG")))


@cache
def limit_sessions() -> None:
    """Has dbt's PostgreSQL adapter, in this process, open its sessions with these limits, and few of them.

    dbt opens a session for each node and closes it after: much of what a small node costs, and as much again
    to the server. What a node ends well with waits here for another; all close with dbt's command.
    """
    import psycopg2
    from dbt.adapters.postgres.connections import PostgresConnectionManager

    original = PostgresConnectionManager.__dict__["open"].__func__
    closed: Any = PostgresConnectionManager.__dict__.get("close", PostgresConnectionManager.close).__func__
    cleaned = PostgresConnectionManager.cleanup_all

    def open_limited(cls: Any, connection: Any) -> Any:
        if connection.state == "open":
            return connection
        if (handle := _free.take(connection.credentials)) is not None:
            connection.handle, connection.state = handle, "open"
            return connection
        opened = original(cls, connection)
        if opened.state == "open":
            try:
                with opened.handle.cursor() as cursor:
                    cursor.execute(_SET)
                opened.handle.commit()
            except psycopg2.Error:
                # A server on a system that cannot tell a client is gone.
                opened.handle.rollback()
        return opened

    def close_or_keep(cls: Any, connection: Any) -> Any:
        # What failed, or was cancelled in the middle, is not trusted.
        if connection.state != "open" or connection.transaction_open or connection.credentials.role:
            return closed(cls, connection)
        try:
            connection.handle.rollback()
            with connection.handle.cursor() as cursor:
                cursor.execute(_RESET)
            connection.handle.commit()
        except psycopg2.Error:
            return closed(cls, connection)
        _free.add(connection.credentials, connection.handle)
        connection.handle, connection.state = None, "closed"
        return connection

    def cleanup_all(self: Any) -> None:
        cleaned(self)
        close_free_sessions()

    patch(
        PostgresConnectionManager,
        open=classmethod(open_limited),
        close=classmethod(close_or_keep),
        cleanup_all=cleanup_all,
    )
