"""Writing the audit journal: schema `audit`, append-only, chained."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from donnees_au_centre.audit.actor import actor
from donnees_au_centre.audit.definitions import Part, read_definitions, version
from donnees_au_centre.audit.structure import ensure, has_function
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import cut

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
# The text of a row that its digest is of, as audit.ajouter works it out; built-in functions only: what stands
# in the schema may have been changed by whoever changed the rows.
CANONICAL = """pg_catalog.jsonb_build_array(
    id, pg_catalog.to_char(fait_le at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), compte, adresse,
    systeme, revision, commande, action, objet, details, precedent
)::pg_catalog.text"""
# Bounds of audit.noter.
OBJECT_KEPT, WORD_KEPT = 2000, 300
ADVICE = (
    "Lancez make audit-check, et prévenez l'audit interne : le journal ne prouve plus rien depuis sa "
    "dernière ancre (docs/exploitant/audit.md)."
)


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
        PlatformError: there is no journal and this account may not make one, it is not what the project made
            of it, or it did not keep what it was told.
        psycopg.Error: the database refuses.
    """
    if action not in ACTIONS:
        raise ValueError(f"{action!r} is none of {', '.join(ACTIONS)}")
    ensure_journal(connection)
    by = actor()
    sent = [
        action,
        _line(objet, OBJECT_KEPT),
        Jsonb(dict(details)),
        *(_line(word, WORD_KEPT) for word in (by.system, by.revision, by.command)),
    ]
    row = connection.execute(
        "select numero, empreinte from audit.noter(%s, %s, %s, %s, %s, %s)", sent
    ).fetchone()
    if row is None:
        raise PlatformError("Le journal d'audit n'a rien noté, sans le dire.", ADVICE)
    head = Head(*row)
    confirm(connection, head)
    place = readable(connection)
    same = (
        place
        and connection.execute(
            "select action = %s and objet = %s and details - 'role_pris' = %s and systeme = %s "
            f"and revision = %s and commande = %s from {place} where id = %s",
            [*sent, head.number],
        ).fetchone()
    )
    if same and same != (True,):
        raise PlatformError(f"La ligne {head.number} du journal ne dit pas ce qui a été noté.", ADVICE)
    return head


def confirm(connection: psycopg.Connection, head: Head) -> None:
    """Reads a row back, and works its digest out here; nothing to say to an account that may not read it.

    Raises:
        PlatformError: the row is not there, or not as it was noted.
    """
    place = readable(connection)
    if place is None:
        return
    query = f"select {CANONICAL}, condense from {place} where id = %s"
    row = connection.execute(query, [head.number]).fetchone()
    if row is None or not hashlib.sha256(row[0].encode()).hexdigest() == row[1] == head.digest:
        raise PlatformError(
            f"Le journal d'audit a dit avoir noté la ligne {head.number}, et ne l'a pas gardée.", ADVICE
        )


def exists(connection: psycopg.Connection) -> bool:
    """Tells whether the database has a journal."""
    return has_function(connection, "audit", "noter")


def readable(connection: psycopg.Connection) -> str | None:
    """Where this account reads the journal: its table, else its view; None when there is none to read.

    The table first: whoever may read it needs not trust the view.
    """
    found: dict[str, bool] = dict(
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


def current_version(connection: psycopg.Connection) -> str:
    """The digest of what the journal's schema is: its functions, tables, triggers."""
    return version(read_definitions(connection, "audit")[0])


def ensure_journal(connection: psycopg.Connection) -> None:
    """Makes the journal when it is missing, and brings an earlier version of it up to date.

    Raises:
        PlatformError: this account may not make it, or it is not what the project makes of it.
    """
    ensure(connection, Part("audit", STRUCTURE), "Le journal d'audit")


def _line(text: str, kept: int) -> str:
    """A text as the journal takes it: on one line, without control characters, and not too long."""
    words = re.sub(r"[\x00-\x1f\x7f-\x9f]+", " ", text)
    return cut(words, kept)
