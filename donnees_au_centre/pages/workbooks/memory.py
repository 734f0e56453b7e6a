"""What the stewards said of their lines, in plateforme.retours_gestionnaires; added to, never changed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import psycopg

from donnees_au_centre.audit.structure import forget, has_function
from donnees_au_centre.history.structure import RETENTION
from donnees_au_centre.landing.tables import apply_access, make

TABLE = "plateforme.retours_gestionnaires"
_STRUCTURE = (Path(__file__).parent / "memory.sql").read_text("utf-8")


@dataclass(frozen=True)
class Statement:
    """What a steward wrote beside a line.

    Attributes:
        mark: of the line.
        domain: administration of the line.
        about: the control, or the source table.
        text: what was done; "" withdraws what was said before.
        day: when it was done; None when it is not said.
        workbook: name of the file it was read in.
    """

    mark: str
    domain: str
    about: str
    text: str
    day: date | None
    workbook: str


@dataclass(frozen=True)
class Said:
    """The newest statement about a line.

    Attributes:
        domain, text, day: as stated.
        read_at: when it was read, with its time zone.
    """

    domain: str
    text: str
    day: date | None
    read_at: datetime


def prepare(connection: psycopg.Connection) -> None:
    """Makes the table and its functions where one of them is missing.

    Raises:
        psycopg.Error: this account may not create it.
    """

    def prepare_missing() -> None:
        if not _exists(connection):
            connection.execute(_STRUCTURE)
            apply_access(connection, *TABLE.split("."))

    make(connection, prepare_missing)


def forget_old_statements(connection: psycopg.Connection, now: datetime) -> int:
    """Removes what was noted before RETENTION; `now` has a time zone. Returns how many were forgotten.

    Raises:
        psycopg.Error: this account may not.
    """
    return forget(connection, "plateforme", "purger_retours", now - RETENTION)


def _exists(connection: psycopg.Connection) -> bool:
    return has_function(connection, "plateforme", "purger_retours")


def recall(connection: psycopg.Connection) -> dict[str, Said]:
    """The newest statement about each line, those that were withdrawn (empty) included.

    Returns:
        mark -> what was said.
    """
    rows = connection.execute(
        "select r.repere, r.domaine, r.texte, r.fait_le, r.lu_le from plateforme.retours_gestionnaires as r "
        "inner join (select repere, max(retour_id) as retour_id from plateforme.retours_gestionnaires "
        "group by repere) as d on r.retour_id = d.retour_id"
    ).fetchall()
    return {mark: Said(domain, text, day, read_at) for mark, domain, text, day, read_at in rows}


def note(connection: psycopg.Connection, statements: Iterable[Statement], known: Mapping[str, Said]) -> int:
    """Adds what is new, in the order given, in one transaction.

    Args:
        statements: as read in the workbooks.
        known: the newest statement about each line; what repeats it is not added.

    Returns:
        How many were added.
    """
    standing = {mark: (said.text, said.day) for mark, said in known.items()}
    added = 0
    with connection.transaction():
        for one in statements:
            if standing.get(one.mark, ("", None)) == (one.text, one.day):
                continue
            standing[one.mark] = (one.text, one.day)
            connection.execute(
                "insert into plateforme.retours_gestionnaires "
                "(repere, domaine, objet, texte, fait_le, classeur) values (%s, %s, %s, %s, %s, %s)",
                [one.mark, one.domain, one.about, one.text, one.day, one.workbook],
            )
            added += 1
    return added
