"""Where the purge may leave by itself, policies/gdpr/purge.yml: a decision reviewed, and that ends."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from donnees_au_centre.access.declaration import LONGEST_DAYS
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.reading import read_listed

FILE = Path("policies") / "gdpr" / "purge.yml"
KEYS = ("base", "motif", "approbateur", "revue")
ADDRESS = re.compile(r"[^@\s]+@\S+")
ADVICE = (
    f"Corrigez {FILE} (docs/gestionnaire/droits-des-personnes.md) : mal écrit, il arrête la purge de Dagster."
)


@dataclass(frozen=True)
class Permission:
    """One database where the purge leaves without anybody.

    Attributes:
        base: as `database_address` writes it.
        approver: who decided so.
        review: last day, included.
    """

    base: str
    approver: str
    review: date


def read_permissions(root: Path, today: date) -> list[Permission]:
    """Reads the decisions of a checkout; none when there is no file.

    Args:
        root: the checkout.
        today: from which reviews are counted.

    Raises:
        PlatformError: something in it cannot be followed; all faults are named.
    """
    entries = read_listed(root, FILE, "purges", ADVICE)
    faults = [
        f"{FILE}, purge {number} : {fault}"
        for number, entry in enumerate(entries, start=1)
        if (fault := _fault(entry, today))
    ]
    if faults:
        raise PlatformError("\n".join(faults), ADVICE)
    return [Permission(entry["base"], entry["approbateur"].strip(), entry["revue"]) for entry in entries]


def overdue(permissions: list[Permission], today: date) -> list[str]:
    """The decisions whose review is past, one French sentence each."""
    return [
        f"{FILE} : la purge de {one.base} attend une revue depuis le {one.review:%d/%m/%Y}, et ne part plus."
        for one in permissions
        if one.review < today
    ]


def refusal(root: Path, base: str, today: date) -> str | None:
    """Why the purge of a database may not leave by itself today, in French; None when it may.

    Raises:
        PlatformError: the file cannot be followed.
    """
    permissions = [one for one in read_permissions(root, today) if one.base == base]
    if any(one.review >= today for one in permissions):
        return None
    late = " ".join(overdue(permissions, today))
    return late or f"{FILE} ne dit pas que la purge de {base} peut partir sans personne."


def _fault(entry: Any, today: date) -> str | None:
    if not isinstance(entry, Mapping) or set(entry) != set(KEYS):
        return f"quatre clés, et elles seules, sont attendues : {', '.join(KEYS)}."
    for key in ("motif", "approbateur"):
        if not isinstance(entry[key], str) or not entry[key].strip():
            return f"{key} attend un texte."
    if not isinstance(entry["base"], str) or not ADDRESS.fullmatch(entry["base"]):
        return "base attend <base>@<serveur>, comme make purge la nomme."
    if type(entry["revue"]) is not date:
        return "revue attend une date, comme 2027-06-30."
    if entry["revue"] > today + timedelta(days=LONGEST_DAYS):
        return f"revue est trop loin : {LONGEST_DAYS} jours au plus."
    return None
