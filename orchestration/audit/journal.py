"""Writing the audit journal: schema `audit`, append-only, chained."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from orchestration.audit.actor import actor
from orchestration.audit.structure import has_function, lay_down

STRUCTURE = Path(__file__).with_name("structure.sql")
ACTIONS = (
    "chargement",
    "construction",
    "droits",
    "purge",
    "export",
    "acces_personne",
    "effacement",
    "rectification",
)
NOTE = "audit.noter(text,text,jsonb,text,text,text)"


@dataclass(frozen=True)
class Head:
    """The last row of the journal, as noted.

    Attributes:
        number: its id.
        digest: its hash, 64 hexadecimal digits.
    """

    number: int
    digest: str

    def __str__(self) -> str:
        """As printed, and as ANCRE of `make audit-check` takes it."""
        return f"{self.number}:{self.digest}"


def record(connection: psycopg.Connection, action: str, objet: str, details: Mapping[str, Any]) -> Head:
    """Notes one action, within the transaction in progress when there is one.

    Call it at the end of the transaction that does the work: both are kept, or neither; and other writers of
    the journal wait until that transaction ends.

    Args:
        connection: to the database acted upon, by an account of the role `audit_ecriture`.
        action: one of ACTIONS.
        objet: on what: a domain, a selection, a data set; French, no personal value.
        details: counts and parameters, ready for JSON; no personal value (a keyed hash instead).

    Returns:
        The row written. A run keeps it as an anchor after its commit (`keep_anchor`).

    Raises:
        ValueError: unknown action.
        PlatformError: there is no journal and this account may not make one.
        psycopg.Error: the database refuses.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is none of {', '.join(ACTIONS)}")
    ensure_journal(connection)
    by = actor()
    row = connection.execute(
        "select numero, empreinte from audit.noter(%s, %s, %s, %s, %s, %s)",
        [action, objet, Jsonb(dict(details)), by.system, by.revision, by.command],
    ).fetchone()
    assert row is not None
    return Head(*row)


def exists(connection: psycopg.Connection) -> bool:
    """Tells whether the database has a journal."""
    return has_function(connection, "audit", "noter")


def readable(connection: psycopg.Connection) -> str | None:
    """Where this account reads the journal: its table, else its view; None when there is none to read.

    The table first: whoever may read it needs not trust the view.
    """
    found = dict(
        connection.execute(
            # By oid: asked by name, has_table_privilege refuses those who may not enter the schema.
            "select c.relname, has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select') "
            "from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid "
            "where n.nspname = 'audit' and c.relname in ('evenements', 'journal')"
        ).fetchall()
    )
    return next((f"audit.{name}" for name in ("evenements", "journal") if found.get(name)), None)


def identity(connection: psycopg.Connection) -> str:
    """What tells this journal from another: the random start of its chain; "" when it cannot be read."""
    place = readable(connection)
    row = place and connection.execute(f"select precedent from {place} order by id limit 1").fetchone()
    return row[0] if row else ""


def ensure_journal(connection: psycopg.Connection) -> None:
    """Makes the journal when it is missing.

    Raises:
        PlatformError: this account may not; the message says what the administrator runs.
    """
    if not exists(connection):
        lay_down(connection, STRUCTURE, "Le journal d'audit n'existe pas")
