"""What was said to whom, in PostgreSQL: a restart repeats nothing, what did not leave is known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from donnees_au_centre.audit.definitions import Part
from donnees_au_centre.audit.structure import forget, has_function, install_structure
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.history.structure import RETENTION, ensure_history
from donnees_au_centre.landing.tables import PASSING, holder
from donnees_au_centre.notifications.decision import CLOSING, Destination, Message, Said

STRUCTURE = Path(__file__).with_name("structure.sql")
PART = Part("historique", STRUCTURE)
WEEKLY = "bilan"
# Seconds that a sender waits for another one.
PATIENCE = 600.0
_SEPARATOR = " "


def ensure_memory(connection: psycopg.Connection) -> None:
    """Makes the table and its functions where one of them is missing.

    Raises:
        PlatformError: this account may not; the message says what the administrator runs.
    """
    if not exists(connection):
        ensure_history(connection)
        install_structure(connection, STRUCTURE, "La mémoire des messages n'existe pas")


def exists(connection: psycopg.Connection) -> bool:
    """Tells whether the database remembers messages, and has their senders come one after the other."""
    return has_function(connection, "historique", "seul_a_dire")


def forget_old_messages(connection: psycopg.Connection, now: datetime) -> int:
    """Removes the words on problems that ended before RETENTION, and no others; `now` has a time zone.

    Returns:
        How many words were forgotten.

    Raises:
        psycopg.Error: this account may not.
    """
    return forget(connection, "historique", "purger_envois", now - RETENTION)


@contextmanager
def alone(connection: psycopg.Connection) -> Iterator[None]:
    """Keeps other senders waiting: two runs that end together must not say the same thing twice.

    Args:
        connection: in autocommit, so that each word is remembered at once; the turn has a connection of its
            own, whose transaction lasts until the end.

    Raises:
        PlatformError: another sender has not ended after PATIENCE seconds.
    """
    own = psycopg.connect(connection.info.dsn, password=connection.info.password or None, autocommit=True)
    with own:
        own.execute("set idle_in_transaction_session_timeout = 0")
        with own.transaction():
            try:
                with own.transaction():
                    own.execute(sql.SQL("set local lock_timeout = {}").format(f"{PATIENCE}s"))
                    own.execute("select historique.seul_a_dire()")
            except psycopg.errors.LockNotAvailable as error:
                who = holder(own, sql.Identifier("historique", "envois"), PASSING)
                raise PlatformError(
                    f"Les messages sont en train d'être envoyés par {who} depuis plus de {PATIENCE:.0f} s : "
                    "ceux-ci attendent.",
                    "Attendez sa fin, ou faites arrêter cette session, puis relancez make alert.",
                ) from error
            yield


def read_said(connection: psycopg.Connection) -> list[Said]:
    """Every word of the series that no sent closing word has ended, in the order they were said."""
    rows = connection.execute(
        """
        with fins as (
            select probleme, canal, destinataire, max(envoi_id) as envoi_id
            from historique.envois
            where envoye and mot = any(%s)
            group by probleme, canal, destinataire
        )

        select
            e.probleme, e.canal, e.destinataire, e.mot, e.gravite, e.domaine, e.intitule, e.copies, e.depuis,
            e.dit_le, e.envoye
        from historique.envois as e
        left join fins as f
            on e.probleme = f.probleme and e.canal = f.canal and e.destinataire = f.destinataire
        where e.mot <> %s and (f.envoi_id is null or e.envoi_id > f.envoi_id)
        order by e.envoi_id
        """,
        [list(CLOSING), WEEKLY],
    ).fetchall()
    return [
        Said(key, Destination(channel, mailbox), word, severity, domain, label, tuple(copies.split()), *rest)
        for key, channel, mailbox, word, severity, domain, label, copies, *rest in rows
    ]


def note_message(
    connection: psycopg.Connection, message: Message, run: str, at: datetime, failure: str
) -> None:
    """Remembers each word of a message.

    Args:
        run: which run sent it.
        at: when, UTC.
        failure: why the channel did not take it; "" when it did.
    """
    _note(
        connection,
        [
            _row(
                message.destination,
                message.domain,
                run,
                at,
                failure,
                copies=_SEPARATOR.join(word.copies),
                probleme=word.key,
                intitule=word.label,
                gravite=word.severity,
                mot=word.word,
                depuis=word.since.isoformat(),
            )
            for word in message.words
        ],
    )


def note_weekly(
    connection: psycopg.Connection,
    destination: Destination,
    domain: str,
    week: str,
    run: str,
    at: datetime,
    failure: str,
) -> None:
    """Remembers the digest of a week (`2026-W48`), sent or not."""
    row = _row(
        destination,
        domain,
        run,
        at,
        failure,
        copies="",
        probleme=f"{WEEKLY}:{domain}:{week}",
        intitule=week,
        gravite="",
        mot=WEEKLY,
        depuis=at.isoformat(),
    )
    _note(connection, [row])


def weekly_state(connection: psycopg.Connection, week: str) -> dict[tuple[str, Destination], bool]:
    """The digests of a week: (domain, destination) -> True once sent, False as long as it could not be."""
    rows = connection.execute(
        "select domaine, canal, destinataire, bool_or(envoye) from historique.envois "
        "where mot = %s and intitule = %s group by domaine, canal, destinataire",
        [WEEKLY, week],
    )
    return {(domain, Destination(channel, mailbox)): sent for domain, channel, mailbox, sent in rows}


def _row(
    destination: Destination, domain: str, run: str, at: datetime, failure: str, **more: str
) -> dict[str, str | bool]:
    return {
        "canal": destination.channel,
        "destinataire": destination.mailbox,
        "domaine": domain,
        "execution": run,
        "dit_le": at.isoformat(),
        "envoye": not failure,
        "motif": failure,
        **more,
    }


def _note(connection: psycopg.Connection, rows: Sequence[dict[str, str | bool]]) -> None:
    connection.execute("select historique.noter_envois(%s)", [Jsonb(list(rows))])
