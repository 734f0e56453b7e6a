"""One line of a workbook, and its mark."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from donnees_au_centre.french import local_zone

MARK = 20


@dataclass(frozen=True)
class Line:
    """A row that a steward may read and is to correct.

    Attributes:
        mark: the same from one run to the next, for the same control and the same row.
        domain: administration.
        about: name of the control, or label of the source table.
        dataset: label of what it stands in.
        what: what is wrong, in French.
        gravity: badge, in French.
        since: day since when the control is bad; None for what staging put aside.
        file, number: of the line as received; None when the row comes from several.
        key: (column, value) that tell the row from the others.
        column, value: what is in fault; None for a whole row.
        others: (column, value) that help to recognise the row.
        advice: what to do, in French.
    """

    mark: str
    domain: str
    about: str
    dataset: str
    what: str
    gravity: str
    since: date | None
    file: str | None
    number: int | None
    key: tuple[tuple[str, Any], ...]
    column: str | None
    value: Any
    others: tuple[tuple[str, Any], ...]
    advice: str


def mark_of(*parts: Any) -> str:
    """The mark of a line.

    Not keyed: what it is made of stands beside it in the workbook, and holds no identifier that a masked view
    would hide.

    Args:
        parts: what the line is about, then the values of its key.
    """
    text = json.dumps([_plain(part) for part in parts], ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:MARK]


def numbered(lines: Iterable[Line]) -> list[Line]:
    """The lines, of which those with the same mark (the same row twice) have one each."""
    seen: dict[str, int] = {}
    found = []
    for line in lines:
        seen[line.mark] = rank = seen.get(line.mark, 0) + 1
        found.append(line if rank == 1 else replace(line, mark=mark_of(line.mark, rank)))
    return found


def words(value: Any) -> str:
    """A value in French: `3,50`, `26/11/2026`, `Oui`, `(vide)`."""
    match value:
        case None:
            return "(vide)"
        case bool():
            return "Oui" if value else "Non"
        case datetime():
            local = value.astimezone(local_zone()) if value.tzinfo else value
            return f"{local:%d/%m/%Y %H:%M}"
        case date():
            return f"{value:%d/%m/%Y}"
        case Decimal() | float():
            return str(value).replace(".", ",")
    return str(value)


def spelled(pairs: Sequence[tuple[str, Any]]) -> str:
    """`nom : Un`, one a line."""
    return "\n".join(f"{name}\u00a0: {words(value)}" for name, value in pairs)


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | int | bool):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)
