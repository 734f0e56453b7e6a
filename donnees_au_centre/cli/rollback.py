"""`rollback`: readers see again what a domain, or one mart, showed before its last publication."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import psycopg

from donnees_au_centre.access.declaration import TURN
from donnees_au_centre.audit import keep_anchor, record
from donnees_au_centre.building.offering import (
    Version,
    offer,
    read_versions,
    wait_for_old_readers,
    withdraw,
)
from donnees_au_centre.building.turns import turn
from donnees_au_centre.cli.confirmation import confirmed
from donnees_au_centre.cli.session import Access, Session
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted, moment
from donnees_au_centre.project.versions import LAYERS, SUFFIX
from donnees_au_centre.settings import Settings

# Seconds that a mart which somebody reads is asked for: the figures are wrong meanwhile.
PATIENCE = 30.0


def rollback(settings: Settings, options: Mapping[str, str]) -> int:
    """Shows which versions would come back; with CONFIRMER, brings them back, all at once, and notes it.

    Reads the database alone: the project may be what is broken. The next good build goes forward again.

    Args:
        settings: of the checkout.
        options: AG, whose last publication is undone, or MODEL, one mart; CONFIRMER.

    Raises:
        PlatformError: neither or both are given, nothing is there to come back, or somebody holds a mart.
    """
    ag, model = options.get("AG") or "", options.get("MODEL") or ""
    if bool(ag) == bool(model):
        raise PlatformError(
            "Il faut dire ce qui revient en arrière.",
            "make rollback AG=age (la dernière publication de l'AG), ou make rollback MODEL=<mart>.",
        )
    session = Session(settings)
    access = session.open_database()
    session.enter(access)
    with psycopg.connect(access.conninfo(), autocommit=True) as connection:
        moves = _moves(read_versions(connection, _schemas(connection)), ag, model)
        if not moves:
            raise PlatformError(
                f"Rien ne peut revenir pour {ag or model} : aucune version d'avant n'est gardée.",
                "VERSIONS_GARDEES dit combien en gardent les constructions (1 sans elle) ; pour refaire les "
                "chiffres, make build.",
            )
        print("\n".join(_plan(moves)))
        lost = "rien ; la prochaine construction réussie ira de nouveau de l'avant."
        if not confirmed(settings, access, options, lost):
            return 0
        _go_back(settings, session, access, connection, moves)
    print(f"\nRevenus : {counted(len(moves), 'mart')}. Leurs lecteurs les voient déjà.")
    return 0


def _schemas(connection: psycopg.Connection) -> list[str]:
    rows = connection.execute("select nspname from pg_namespace where nspname !~ '^pg_'")
    return [name for (name,) in rows]


def _moves(versions: Sequence[Version], ag: str, model: str) -> list[tuple[Version, Version]]:
    """(shown, the one before) of the marts that go back: of a domain, those of its last publication."""
    shown = [
        version for version in versions if version.shown and (version.name == model or version.schema == ag)
    ]
    if ag and shown:
        last = max(version.stamp for version in shown)
        shown = [version for version in shown if version.stamp == last]
    moves = []
    for now in shown:
        older = [
            one for one in versions
            if (one.schema, one.name) == (now.schema, now.name) and one.stamp < now.stamp
        ]  # fmt: skip
        if older:
            moves.append((now, older[0]))
    return moves


def _plan(moves: Iterable[tuple[Version, Version]]) -> list[str]:
    lines = ["\nReviendraient :"]
    for now, before in moves:
        to = moment(before.built) if before.built else "d'avant les versions"
        since = moment(now.built) if now.built else "d'avant les versions"
        lines.append(f"  {now.schema}.{now.name} : de celle du {since} à celle du {to}")
    return lines


def _go_back(
    settings: Settings,
    session: Session,
    access: Access,
    connection: psycopg.Connection,
    moves: Sequence[tuple[Version, Version]],
) -> None:
    marts = [
        {"schema": before.schema, "nom": before.name, "candidate": before.table, "version": before.table}
        for _, before in moves
    ]
    domains = {now.schema: _turn_schema(connection, now.schema) for now, _ in moves}
    with (
        psycopg.connect(access.conninfo(), autocommit=True) as holding,
        turn(holding, dict(sorted(domains.items())), session.say),
    ):
        tables = [(f"{before.schema}{SUFFIX}", before.table) for _, before in moves]
        wait_for_old_readers(connection, tables, session.say)
        offer(connection, marts, "nulles", session.say, PATIENCE)
        # Or the next going back, after the next publication, would find them.
        withdraw(connection, [now for now, _ in moves])
        details = {
            "cible": settings.target,
            "decision": "retour",
            "versions": {f"{before.schema}.{before.name}": before.table for _, before in moves},
        }
        head = record(connection, "construction", ", ".join(domains), details)
        keep_anchor(settings, connection, head)


def _turn_schema(connection: psycopg.Connection, domain: str) -> str:
    """The schema where the builds of a domain take their turn."""
    row = connection.execute(
        "select max(n.nspname) from pg_class as c inner join pg_namespace as n on n.oid = c.relnamespace "
        "where c.relname = %s and n.nspname = any(%s)",
        [TURN, [f"{domain}{layer}" for layer in LAYERS]],
    ).fetchone()
    return str(row[0]) if row and row[0] else domain
