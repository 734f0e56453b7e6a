"""Anchors: heads of the journal kept outside the database, which no account of the database can rewrite."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from orchestration.audit.journal import Head, identity, readable
from orchestration.errors import PlatformError
from orchestration.settings import Settings

FOLDER = "audit"


@dataclass(frozen=True)
class Anchor:
    """One head of the journal, as it was.

    Attributes:
        journal: identity of the journal (its first row's `precedent`); "" when unknown.
        number: id of the row.
        digest: its hash then.
        at: when it was kept, ISO 8601, UTC; "" when unknown.
    """

    journal: str
    number: int
    digest: str
    at: str


def anchor_file(settings: Settings) -> Path:
    """Where the anchors of this database are kept, one JSON object a line."""
    name = re.sub(r"[^\w.-]", "_", f"{settings.target}_{settings.database}")
    return settings.build / FOLDER / f"{name}.jsonl"


def keep_anchor(settings: Settings, connection: psycopg.Connection) -> Head | None:
    """Appends the head of the journal to the anchors; to be called after the commit of what was noted.

    Returns:
        That head; None when the journal is missing, empty, or not to be read by this account.

    Raises:
        OSError: the file cannot be written.
    """
    place = readable(connection)
    found = (
        place and connection.execute(f"select id, condense from {place} order by id desc limit 1").fetchone()
    )
    if not found:
        return None
    head = Head(*found)
    append_anchor(settings, identity(connection), head)
    return head


def append_anchor(settings: Settings, journal: str, head: Head) -> None:
    """Appends one head to the anchors of this database.

    Raises:
        OSError: the file cannot be written.
    """
    anchor = Anchor(journal, head.number, head.digest, datetime.now(UTC).isoformat(timespec="seconds"))
    file = anchor_file(settings)
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a", encoding="utf-8") as lines:
        lines.write(f"{json.dumps(asdict(anchor))}\n")


def read_anchors(file: Path) -> list[Anchor]:
    """Reads the anchors kept in a file, oldest first; none when there is no file.

    Raises:
        PlatformError: a line is no anchor.
    """
    if not file.is_file():
        return []
    anchors = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            anchors.append(Anchor(**json.loads(line)))
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
