"""The loads of the journal against plateforme.chargements: each reception has its event.

An event that puts rows into that table, or takes some out, tells the span of its numbers: « chargements ».
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg

from donnees_au_centre.audit.faults import Fault
from donnees_au_centre.audit.journal import readable
from donnees_au_centre.audit.structure import may_read
from donnees_au_centre.french import counted

SPAN, TAKEN_UP = "chargements", "reprises"
_TABLE = "plateforme.chargements"
_ACTIONS = ("chargement", "purge", "effacement")
# As a purge names the data set.
_PURGED = "data_platform.chargements"
# Number, time, domain.
_Row = tuple[int, datetime, str]


@dataclass(frozen=True)
class _Span:
    event: int
    account: str
    at: datetime
    first: int
    last: int
    rows: int


def last_number(connection: psycopg.Connection) -> int:
    """The highest number received so far; 0 for an empty table, or one that this account may not read."""
    if not _is_read(connection):
        return 0
    found = connection.execute(f"select coalesce(max(chargement_id), 0) from {_TABLE}").fetchone()
    return int(found[0]) if found else 0


def span_since(connection: psycopg.Connection, number: int) -> dict[str, Any]:
    """The details of an event that may have received something after a number.

    Args:
        number: as `last_number` gave it before the work.
    """
    if not _is_read(connection):
        return {}
    found = connection.execute(
        f"select coalesce(max(chargement_id), %s), count(*) from {_TABLE} where chargement_id > %s",
        [number, number],
    ).fetchone()
    assert found is not None
    # Of nothing, too: from there on, each reception has its event.
    return {SPAN: {"de": number + 1, "a": found[0], "lignes": found[1]}}


def taken_up(last_told: int | None, number: int) -> dict[str, Any]:
    """The details of an event that takes up receptions whose own run could not tell of them: killed, cut off.

    Args:
        last_told: the last number that the journal told of, as far as is known here; None when it is not.
        number: the highest one when the run began.
    """
    if last_told is None or last_told >= number:
        return {}
    return {TAKEN_UP: {"de": last_told + 1, "a": number}}


def check_receipts(connection: psycopg.Connection) -> tuple[list[Fault], list[str]]:
    """Finds receptions that no event tells of, and those that are gone; from the first event with a span on.

    Returns:
        The faults, and remarks for people: in French.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    place = readable(connection)
    if place is None:
        return [], []
    faults: list[Fault] = []
    spans: list[_Span] = []
    late: list[_Span] = []
    for number, account, at, details in connection.execute(
        f"select id, compte, fait_le, details from {place} where details ?| %s and action = any(%s) "
        "order by id",
        [[SPAN, TAKEN_UP], list(_ACTIONS)],
    ):
        for key, found in ((SPAN, spans), (TAKEN_UP, late)):
            if key in details:
                span = _read_span(number, account, at, details[key])
                if span is None:
                    message = f"Ligne {number}, notée par {account} : « {key} » ne dit pas de numéros."
                    faults.append(Fault("reception", number, message))
                else:
                    found.append(span)
    if not spans:
        return faults, []
    if not _is_read(connection):
        return faults, ["Le journal n'est pas comparé avec plateforme.chargements, que ce compte ne lit pas."]
    received = connection.execute(
        f"select chargement_id, charge_le, domaine from {_TABLE} where chargement_id >= %s "
        "order by chargement_id",
        [min(span.first for span in spans)],
    ).fetchall()
    missing = _outside(received, spans)
    left = _outside(missing, late)
    faults += [
        Fault("reception", 0, f"{_said(group)} : dans {_TABLE}, et aucun événement du journal ne les dit.")
        for group in _groups(left)
    ]
    numbers = [row[0] for row in received]
    forgotten = connection.execute(
        f"select max((details->>'avant')::date) from {place} where action = 'purge' and objet = %s", [_PURGED]
    ).fetchone()
    limit = forgotten[0] if forgotten else None
    for span in spans:
        if limit is not None and span.at.date() <= limit:
            # Past their retention, rows go; the purge is an event too.
            continue
        here = bisect_right(numbers, span.last) - bisect_left(numbers, span.first)
        if here < span.rows:
            faults.append(
                Fault(
                    "reception",
                    span.event,
                    f"Ligne {span.event}, notée par {span.account} : de {counted(span.rows, 'réception')}, "
                    f"n° {span.first} à {span.last} de {_TABLE}, il n'en reste que {here}.",
                )
            )
    remarks = [
        f"{_said(group)} : leur exécution n'a rien noté (interrompue ?), une autre les a reprises au journal."
        for group in _groups([row for row in missing if row not in left])
    ]
    return faults, remarks


def _is_read(connection: psycopg.Connection) -> bool:
    return may_read(connection, *_TABLE.split(".")) is True


def _read_span(event: int, account: str, at: datetime, told: Any) -> _Span | None:
    """What an event says, as anybody who may note can have written it."""
    known = told if isinstance(told, dict) else {}
    first, last, rows = (known.get(key, 0) for key in ("de", "a", "lignes"))
    # A truth value is a number to Python.
    numbers = all(type(one) is int and 0 <= one < 2**63 for one in (first, last, rows))
    if not numbers or not 0 < first <= last + 1:
        return None
    return _Span(event, account, at, first, last, rows)


def _outside(rows: Sequence[_Row], spans: Iterable[_Span]) -> list[_Row]:
    """The rows whose number no span holds; both may be many."""
    found, waiting, reach = [], sorted((span.first, span.last) for span in spans), 0
    place = 0
    for row in rows:
        while place < len(waiting) and waiting[place][0] <= row[0]:
            reach = max(reach, waiting[place][1])
            place += 1
        if row[0] > reach:
            found.append(row)
    return found


def _groups(rows: Iterable[_Row]) -> list[list[_Row]]:
    groups: list[list[_Row]] = []
    for row in rows:
        if groups and row[0] == groups[-1][-1][0] + 1:
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def _said(group: list[_Row]) -> str:
    (first, begun, _), (last, _, _) = group[0], group[-1]
    domains = ", ".join(sorted({domain for _, _, domain in group}))
    numbers = f"Réception n° {first}" if first == last else f"Réceptions n° {first} à {last}"
    return f"{numbers} ({domains}, {begun:%d/%m/%Y %H:%M})"
