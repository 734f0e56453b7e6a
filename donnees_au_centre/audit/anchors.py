"""Anchors: heads of the journal kept outside the database, which no account of the database can rewrite."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import re
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from donnees_au_centre.audit.faults import Fault
from donnees_au_centre.audit.journal import Head, confirm, current_version, identity, readable
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.settings import Settings

FOLDER = "audit"


@dataclass(frozen=True)
class Anchor:
    """One head of the journal, as it was.

    Attributes:
        journal: identity of the journal (its first row's `precedent`); "" when unknown.
        number: id of the row.
        digest: its hash then.
        at: when it was kept, ISO 8601, UTC; "" when unknown.
        definitions: digest of what the journal's schema was; None in a line of an earlier version.
        received: the last number of plateforme.chargements that this row told of; None when it told of none.
        before: SHA-256 of the line before it in the file, "" for the first; None in a line of an earlier
            version.
    """

    journal: str
    number: int
    digest: str
    at: str
    definitions: str | None = None
    received: int | None = None
    before: str | None = None


def anchor_file(settings: Settings) -> Path:
    """Where the anchors of this database are kept, one JSON object a line."""
    name = re.sub(r"[^\w.-]", "_", f"{settings.target}_{settings.database}")
    return settings.build / FOLDER / f"{name}.jsonl"


def keep_anchor(
    settings: Settings,
    connection: psycopg.Connection,
    noted: Head | None = None,
    received: int | None = None,
) -> Head | None:
    """Appends the head of the journal to the anchors; to be called after the commit of what was noted.

    Args:
        noted: the row that was noted, read back now that it is committed.
        received: the last number of plateforme.chargements that it tells of.

    Returns:
        That head; None when the journal is missing, empty, or not to be read by this account.

    Raises:
        PlatformError: the row that was noted is not there.
        OSError: the file cannot be written.
    """
    if noted is not None:
        confirm(connection, noted)
    place = readable(connection)
    found = (
        place and connection.execute(f"select id, condense from {place} order by id desc limit 1").fetchone()
    )
    head = Head(*found) if found else noted
    if head is not None:
        kept = datetime.now(UTC).isoformat(timespec="seconds")
        definitions = current_version(connection)
        anchor = Anchor(identity(connection), head.number, head.digest, kept, definitions, received)
        _append(anchor_file(settings), anchor)
    return head if found else None


def last_received(settings: Settings) -> int | None:
    """The last number of plateforme.chargements that the journal told of, as the anchors here know it."""
    try:
        anchors = read_anchors(anchor_file(settings))
    except PlatformError:
        # audit-check says so; what a run did is noted all the same.
        return None
    told = [anchor.received for anchor in anchors if anchor.received is not None]
    return told[-1] if told else None


def read_anchors(file: Path) -> list[Anchor]:
    """Reads the anchors kept in a file, oldest first; none when there is no file.

    Raises:
        PlatformError: a line is no anchor.
    """
    return [anchor for anchor, _ in _read(file)]


def broken_anchors(file: Path) -> list[Fault]:
    """What was changed or taken out of the middle of a file of anchors: each line holds the one before it.

    Raises:
        PlatformError: a line is no anchor.
    """
    faults, expected, chained = [], "", False
    for number, (anchor, digest) in enumerate(_read(file), start=1):
        chained = chained or anchor.before is not None
        if chained and anchor.before != expected:
            faults.append(
                Fault(
                    "ancres",
                    0,
                    f"{file.name}, ligne {number} : la ligne d'avant n'est plus celle qu'elle suivait ; une "
                    "ancre a été retirée, changée ou ajoutée.",
                )
            )
        expected = digest
    return faults


def _append(file: Path, anchor: Anchor) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    # For its owner alone, also when it was there before.
    handle = os.open(file, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(handle, "r+b", buffering=0) as lines:
        # Two runs that end together follow each other.
        fcntl.flock(lines, fcntl.LOCK_EX)
        os.fchmod(handle, 0o600)
        content = lines.read()
        *_, last = content.splitlines() or [b""]
        chained = replace(anchor, before=hashlib.sha256(last).hexdigest() if last else "")
        # Cut short by a power failure, a line must not swallow the next one.
        start = b"" if not content or content.endswith(b"\n") else b"\n"
        line = start + json.dumps(asdict(chained)).encode() + b"\n"
        if lines.write(line) != len(line):
            # Half a line would be taken for an anchor that somebody changed.
            os.ftruncate(handle, len(content))
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def _read(file: Path) -> list[tuple[Anchor, str]]:
    if not file.is_file():
        return []
    anchors = []
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        try:
            anchors.append((Anchor(**json.loads(line)), hashlib.sha256(line).hexdigest()))
        except (ValueError, TypeError) as error:
            raise PlatformError(
                f"{file}, ligne {number} : ce n'est pas une ancre du journal d'audit.",
                "Remettez le fichier tel qu'il était ; une ancre gardée ailleurs se compare par ANCRE=….",
            ) from error
    return anchors


def anchor_of(text: str) -> Anchor:
    """Reads `<number>:<digest>`, as every run prints it.

    Raises:
        PlatformError: it is no anchor.
    """
    match = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip())
    if not match:
        raise PlatformError(
            f"ANCRE={text} n'est pas une ancre.", "Donnez <numéro>:<condensé>, comme le résumé l'imprime."
        )
    return Anchor("", int(match[1]), match[2], "")
