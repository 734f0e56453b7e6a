"""The proof that the journal is whole: its chain worked out again, and compared with the anchors kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import psycopg

from donnees_au_centre.audit.anchors import Anchor
from donnees_au_centre.audit.faults import Fault
from donnees_au_centre.audit.journal import CANONICAL, Head, readable

_ROWS = f"select id, {CANONICAL}, precedent, condense from {{place}} order by id"
_BATCH = 10_000


@dataclass(frozen=True)
class Verification:
    """What a check found.

    Attributes:
        rows: rows read.
        anchors: anchors compared.
        proven: the last row that an anchor holds; 0 when none does.
        head: the last row; None for an empty or missing journal.
        faults: what is wrong, by row; empty for a whole journal.
        can_rewrite: True when the account that checks could change the journal itself (superuser, or member
            of the owner's role): the anchors alone prove anything against such an account.
    """

    rows: int
    anchors: int
    proven: int
    head: Head | None
    faults: tuple[Fault, ...]
    can_rewrite: bool


@dataclass(frozen=True)
class _Row:
    number: int
    text: str
    previous: str
    digest: str

    @property
    def intact(self) -> bool:
        return hashlib.sha256(self.text.encode()).hexdigest() == self.digest


def verify(connection: psycopg.Connection, anchors: Sequence[Anchor] = ()) -> Verification:
    """Reads the whole journal and finds what was altered, taken out, put in or moved.

    Args:
        connection: by an account of the role `audit_auditeur`, or one that owns the journal.
        anchors: heads kept outside, oldest first.

    Raises:
        psycopg.Error: the database cannot be read.
    """
    with connection.transaction():
        place = readable(connection)
        if place is None:
            gone = Fault("remplace", 0, "Il n'y a pas de journal, ou ce compte ne peut pas le lire.")
            return Verification(0, len(anchors), 0, None, (gone,), False)
        digests: dict[int, str] = {}
        with connection.cursor(name="journal_audit") as cursor:
            cursor.itersize = _BATCH
            cursor.execute(_ROWS.format(place=place))
            start, head, rows, faults = _walk((_Row(*row) for row in cursor), anchors, digests)
        can_rewrite = connection.execute(
            "select pg_has_role(session_user, 'audit_proprietaire', 'member')"
        ).fetchone() == (True,)
    faults += _compare(anchors, digests, start, head)
    proven = max((one.number for one in anchors if digests.get(one.number) == one.digest), default=0)
    faults.sort(key=lambda fault: fault.number)
    return Verification(rows, len(anchors), proven, head, tuple(faults), can_rewrite)


def _walk(
    rows: Iterable[_Row], anchors: Sequence[Anchor], digests: dict[int, str]
) -> tuple[str, Head | None, int, list[Fault]]:
    """Follows the chain, and fills in the hashes of anchored rows.

    Returns:
        The start of the chain, its head, its length, its faults.
    """
    wanted = {anchor.number for anchor in anchors}
    faults: list[Fault] = []
    before: _Row | None = None
    start, count = "", 0
    for row in rows:
        count += 1
        expected = before.number + 1 if before else 1
        if before is None:
            start = row.previous
        if not row.intact:
            faults.append(
                Fault("alteree", row.number, f"Ligne {row.number} : son contenu n'est plus celui noté.")
            )
        if before and row.number == before.number:
            faults.append(Fault("double", row.number, f"Ligne {row.number} : elle existe deux fois."))
        elif row.number < expected:
            faults.append(Fault("lien", row.number, f"Ligne {row.number} : insérée avant la première."))
        elif row.number > expected:
            faults.append(_missing(expected, row.number - 1))
        elif before and row.previous != before.digest:
            faults.append(
                Fault(
                    "lien",
                    before.number,
                    f"Ligne {row.number} : elle ne suit pas la ligne {before.number} ; l'une des deux a été "
                    "remplacée, insérée ou déplacée.",
                )
            )
        if row.number in wanted:
            digests[row.number] = row.digest
        before = row
    return start, Head(before.number, before.digest) if before else None, count, faults


def _missing(first: int, last: int) -> Fault:
    if first == last:
        return Fault("absente", first, f"Ligne {first} : elle manque.")
    return Fault("absente", first, f"Lignes {first} à {last} : elles manquent.")


def _compare(
    anchors: Sequence[Anchor], digests: dict[int, str], start: str, head: Head | None
) -> list[Fault]:
    """Compares the journal with its anchors."""
    faults: dict[tuple[str, int], Fault] = {}
    others = [anchor for anchor in anchors if anchor.journal and anchor.journal != start]
    # Another start while anchored rows are as they were: the first row altered or missing, told already.
    if others and not any(digests.get(anchor.number) == anchor.digest for anchor in others):
        latest = others[-1]
        faults["remplace", 0] = Fault(
            "remplace",
            0,
            f"Le journal n'est pas celui des ancres, dont la dernière, ligne {latest.number}, est du "
            f"{latest.at} : il a été effacé et recommencé.",
        )
        anchors = [anchor for anchor in anchors if anchor not in others]
    last, good = head.number if head else 0, 0
    for anchor in sorted(anchors, key=lambda one: one.number):
        since = f" (ancre du {anchor.at})" if anchor.at else ""
        if anchor.number > last:
            faults["coupee", 0] = Fault(
                "coupee",
                last + 1,
                f"Lignes {last + 1} à {anchor.number} : la fin du journal a été coupée{since}.",
            )
        elif anchor.number not in digests:
            continue  # missing: told already
        elif digests[anchor.number] == anchor.digest:
            good = anchor.number
        else:
            place = (
                f"Ligne {anchor.number}"
                if good + 1 == anchor.number
                else f"Lignes {good + 1} à {anchor.number}"
            )
            faults.setdefault(
                ("ancre", 0),
                Fault(
                    "ancre",
                    anchor.number,
                    f"{place} : le journal a été réécrit là ; la ligne {anchor.number} n'a plus le condensé "
                    f"de son ancre{since}.",
                ),
            )
    return list(faults.values())
