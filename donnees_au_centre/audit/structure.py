"""Laying down the tables that only grow, by whoever may."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql

from donnees_au_centre.audit.definitions import Part, stands
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import ROOT

WRITERS = "audit_ecriture"


def has_function(connection: psycopg.Connection, schema: str, name: str) -> bool:
    """Tells whether a function is there, also to those who may not enter its schema."""
    # Read in the catalogue: to_regprocedure refuses those who may not enter the schema.
    found = connection.execute(
        "select exists (select from pg_proc as p inner join pg_namespace as n on p.pronamespace = n.oid "
        "where n.nspname = %s and p.proname = %s)",
        [schema, name],
    ).fetchone()
    return found == (True,)


def may_read(connection: psycopg.Connection, schema: str, *names: str) -> bool | None:
    """Tells whether this account reads all of these tables; None when none of them is there."""
    # By oid: asked by name, has_table_privilege refuses those who may not enter the schema.
    found = connection.execute(
        "select bool_and(has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')) "
        "from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid "
        "where n.nspname = %s and c.relname = any(%s)",
        [schema, list(names)],
    ).fetchone()
    return found[0] if found else None


def forget(connection: psycopg.Connection, schema: str, function: str, before: datetime) -> int:
    """Removes what is older than a moment, by the function that alone may.

    Args:
        before: with its time zone.

    Returns:
        How many rows went; 0 where there is no such function, and so nothing to forget.

    Raises:
        psycopg.Error: this account may not.
    """
    if not has_function(connection, schema, function):
        return 0
    call = sql.SQL("select {}(%s)").format(sql.Identifier(schema, function))
    found = connection.execute(call, [before]).fetchone()
    return int(found[0]) if found else 0


def ensure(connection: psycopg.Connection, part: Part, what: str) -> None:
    """Makes what a script makes when it is missing, and brings an earlier version up to date.

    An earlier version that this account may not bring up to date goes on as it is.

    Args:
        part: whose script may be run as often as one likes.
        what: what it is, in French, to begin a sentence with.

    Raises:
        PlatformError: this account may not make it, or it is there and not what the project makes of it.
    """
    found = stands(connection, part)
    if found is None:
        install_structure(connection, part.script, f"{what} n'existe pas")
    elif found.former:
        with suppress(PlatformError):
            install_structure(connection, part.script, f"{what} est d'une version antérieure")
    elif found.faults:
        first, *others = (fault.message for fault in found.faults)
        more = f" Et {len(others)} de plus." if others else ""
        raise PlatformError(
            f"{what} n'est plus tel que le projet l'a fait. {first}{more}",
            "Lancez make audit-check, qui dit tout, et prévenez l'audit interne ; "
            "docs/exploitant/audit.md dit ensuite "
            "qui remet la structure en place.",
        )


def install_structure(connection: psycopg.Connection, script: Path, what: str) -> None:
    """Runs a script that makes tables, whole or not at all.

    Args:
        script: SQL, which may be run as often as one likes.
        what: what is missing, in French, to begin the sentence with.

    Raises:
        PlatformError: this account may not; the message says what the administrator runs.
    """
    try:
        with connection.transaction():
            # Two first runs at once would both make them.
            connection.execute("select pg_advisory_xact_lock(hashtextextended('audit.structure', 7411))")
            connection.execute(script.read_bytes())
    except psycopg.errors.InsufficientPrivilege as error:
        raise PlatformError(
            f"{what} dans cette base, et ce compte ne peut pas l'y mettre : {error.diag.message_primary}.",
            f"Demandez à l'administrateur de la base de jouer {script.relative_to(ROOT)} "
            f"(psql --single-transaction -f …), puis : grant {WRITERS} to <compte de la plateforme>.",
        ) from error
