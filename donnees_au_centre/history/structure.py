"""Making the tables of the history, and who may write and read them."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import psycopg
from psycopg import sql

from donnees_au_centre.audit.definitions import Part
from donnees_au_centre.audit.journal import ensure_journal
from donnees_au_centre.audit.structure import ensure, forget, has_function

STRUCTURE = Path(__file__).with_name("structure.sql")
# Thirteen months: a year can be compared with the one before it.
RETENTION = timedelta(days=396)
_NOTE = "execute on function historique.noter(jsonb, jsonb, jsonb, jsonb)"
_READ = ("usage on schema historique", "select on all tables in schema historique")
# Declared roles, as patterns of `like` -> what they may do. dbt's own tests compare with what was measured.
RIGHTS = {
    "dbt\\_%": (*_READ, _NOTE),
    "rapport": _READ,
}
PART = Part("historique", STRUCTURE, RIGHTS)


def exists(connection: psycopg.Connection) -> bool:
    """Tells whether the database has a history, also to those who may not enter its schema."""
    return has_function(connection, "historique", "noter")


def ensure_history(connection: psycopg.Connection) -> None:
    """Makes the history when it is missing, and brings an earlier version of it up to date.

    Raises:
        PlatformError: this account may not make it, or it is not what the project makes of it.
    """
    # First: each run is noted there too.
    ensure_journal(connection)
    ensure(connection, PART, "L'historique des exécutions")


def forget_old_runs(connection: psycopg.Connection, now: datetime) -> int:
    """Removes the runs older than RETENTION; `now` has a time zone. Returns how many were forgotten.

    Raises:
        psycopg.Error: this account may not.
    """
    return forget(connection, "historique", "purger", now - RETENTION)


def grant_rights(connection: psycopg.Connection) -> None:
    """Gives the declared roles what RIGHTS says.

    Args:
        connection: by the account that made the history or a superuser.

    Raises:
        psycopg.errors.InsufficientPrivilege: this account may not give these rights.
        PlatformError: the history is not what the project makes of it.
    """
    ensure_history(connection)
    with connection.transaction():
        for pattern, rights in RIGHTS.items():
            roles = connection.execute(
                "select rolname from pg_roles where rolname like %s and not rolcanlogin order by rolname",
                [pattern],
            ).fetchall()
            for (role,) in roles:
                for right in rights:
                    connection.execute(sql.SQL(f"grant {right} to {{}}").format(sql.Identifier(role)))
