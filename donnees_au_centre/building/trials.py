"""Schemas of a merge request's own: made to try its models, dropped when it ends, however it ends.

Their names begin with mr_<number>. Whoever tries holds an advisory lock meanwhile: a prefix whose lock is
free belongs to a run that was killed, or to a branch that is gone, and the next trial drops it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import sql

from donnees_au_centre.errors import PlatformError

PREFIX = re.compile(r"^mr_(\d{1,9})(?:_|$)")
# The first of the two numbers of the lock, ours alone in a database; the second is the merge request's.
_LOCK = 0x6D72
_OWNED = """
select nspname from pg_namespace
where nspname like 'mr\\_%' and pg_has_role(nspowner, 'USAGE')
order by nspname
"""
# A session of the run that was cancelled may still be ending.
_PATIENCE = "60s"


def prefix_of(number: int) -> str:
    """The prefix of the schemas in which a merge request is tried."""
    return f"mr_{number}"


@contextmanager
def trial(connection: psycopg.Connection, number: int) -> Iterator[str]:
    """Holds a merge request's prefix; nothing of it is in the database before, nor after.

    Args:
        connection: in autocommit, used for nothing else meanwhile.
        number: of the merge request; 0 for a trial on one's own machine.

    Yields:
        The prefix, for DBT_SCHEMA_PREFIX.

    Raises:
        PlatformError: another run is trying it.
    """
    if not _take(connection, number):
        raise PlatformError(
            f"La demande de fusion {number} est déjà à l'essai dans cette base, par une autre exécution.",
            "Attendez qu'elle finisse, ou arrêtez-la, puis relancez.",
        )
    try:
        drop(connection, number)
        yield prefix_of(number)
    finally:
        drop(connection, number)
        connection.execute("select pg_advisory_unlock(%s, %s)", [_LOCK, number])


def drop_abandoned(connection: psycopg.Connection) -> list[str]:
    """Drops the schemas of trials that no run holds; returns the prefixes dropped.

    Args:
        connection: in autocommit.
    """
    dropped = []
    for number in sorted({int(found[1]) for name in _schemas(connection) if (found := PREFIX.match(name))}):
        if _take(connection, number):
            try:
                drop(connection, number)
                dropped.append(prefix_of(number))
            finally:
                connection.execute("select pg_advisory_unlock(%s, %s)", [_LOCK, number])
    return dropped


def drop(connection: psycopg.Connection, number: int) -> int:
    """Drops the schemas of one trial and what stands in them; returns how many there were.

    Args:
        connection: in autocommit.
        number: of the merge request.

    Raises:
        PlatformError: somebody reads in them and does not end.
    """
    mine = [
        name for name in _schemas(connection) if (found := PREFIX.match(name)) and int(found[1]) == number
    ]
    for name in mine:
        try:
            with connection.transaction():
                connection.execute(f"set local lock_timeout = '{_PATIENCE}'")
                connection.execute(sql.SQL("drop schema if exists {} cascade").format(sql.Identifier(name)))
        except psycopg.errors.LockNotAvailable:
            raise PlatformError(
                f"Le schéma {name}, d'un essai, est lu par une session qui ne finit pas.",
                "Fermez-la, puis : make slim-drop. Le prochain essai le supprime aussi.",
            ) from None
    return len(mine)


def _take(connection: psycopg.Connection, number: int) -> bool:
    row = connection.execute("select pg_try_advisory_lock(%s, %s)", [_LOCK, number]).fetchone()
    return bool(row and row[0])


def _schemas(connection: psycopg.Connection) -> list[str]:
    return [name for (name,) in connection.execute(_OWNED)]
