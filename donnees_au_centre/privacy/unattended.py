"""Where the purge may leave by itself, policies/gdpr/purge.yml: a decision reviewed, and that ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

from pydantic import Field

from donnees_au_centre.access.declaration import LONGEST_DAYS
from donnees_au_centre.reviewed import Day, Line, Reviewed, Says, read_listed

FILE = Path("policies") / "gdpr" / "purge.yml"
ADVICE = (
    f"Corrigez {FILE} (docs/gestionnaire/droits-des-personnes.md) : mal écrit, il arrête la purge de Dagster."
)
Text = Annotated[Line, Says("{key} attend un texte.")]


class Permission(Reviewed):
    """One database where the purge leaves without anybody, the last day included."""

    SHAPE = "quatre clés, et elles seules, sont attendues : base, motif, approbateur, revue."
    MISSING = UNKNOWN = NEAR = SHAPE

    base: Annotated[
        str, Field(pattern=r"^[^@\s]+@\S+$"), Says("base attend <base>@<serveur>, comme make purge la nomme.")
    ] = Field(description="<base>@<serveur>, et :<port> s'il n'est pas 5432.")
    reason: Text = Field(alias="motif", description="Pourquoi la purge peut y partir seule.")
    approver: Text = Field(alias="approbateur", description="La fonction qui l'a décidé.")
    review: Day = Field(
        alias="revue", description=f"Dernier jour de la décision, dans {LONGEST_DAYS} jours au plus."
    )


def read_permissions(root: Path, today: date) -> list[Permission]:
    """Reads the decisions of a checkout; none when there is no file.

    Args:
        root: the checkout.
        today: from which reviews are counted.

    Raises:
        PlatformError: something in it cannot be followed; all faults are named.
    """
    latest = today + timedelta(days=LONGEST_DAYS)

    def judge(permission: Permission) -> Iterator[str]:
        if permission.review > latest:
            yield f"revue est trop loin : {LONGEST_DAYS} jours au plus."

    return read_listed(root, FILE, "purges", Permission, ADVICE, judge)


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
