"""Which of the declared roles write the journal, and which read it."""

from __future__ import annotations

import psycopg
from psycopg import sql

from donnees_au_centre.audit.definitions import Part
from donnees_au_centre.audit.journal import STRUCTURE, ensure_journal

# Granted one by one, not through audit_ecriture: the declared roles are members of none.
WRITERS = ("chargeur", "dbt\\_%", "droits\\_des\\_personnes")
READERS = ("rapport",)
_WRITE = ("usage on schema audit", "execute on function audit.noter(text, text, jsonb, text, text, text)")
_READ = ("usage on schema audit", "select on audit.journal")
PART = Part("audit", STRUCTURE, {**dict.fromkeys(WRITERS, _WRITE), **dict.fromkeys(READERS, _READ)})


def grant_rights(connection: psycopg.Connection) -> list[str]:
    """Lets the platform's own roles note events, and the report read them; nobody else has either.

    Args:
        connection: in a transaction or in autocommit, by the account that made the journal or a superuser.

    Returns:
        The roles entitled, writers then readers.

    Raises:
        psycopg.errors.InsufficientPrivilege: this account may not give these rights.
    """
    ensure_journal(connection)
    with connection.transaction():
        writers, readers = _roles(connection, WRITERS), _roles(connection, READERS)
        for roles, rights in ((writers, _WRITE), (readers, _READ)):
            for role in roles:
                for right in rights:
                    connection.execute(sql.SQL(f"grant {right} to {{}}").format(sql.Identifier(role)))
    return [*writers, *readers]


def _roles(connection: psycopg.Connection, patterns: tuple[str, ...]) -> list[str]:
    found = connection.execute(
        "select rolname from pg_roles where rolname like any(%s) and not rolcanlogin order by rolname",
        [list(patterns)],
    )
    return [name for (name,) in found]
