"""`report`: the pages about quality and runs, made from the history and the last parse of the project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from donnees_au_centre.cli.session import Session
from donnees_au_centre.errors import PlatformError
from donnees_au_centre.french import counted
from donnees_au_centre.pages.reports import write_reports
from donnees_au_centre.project import read_manifest
from donnees_au_centre.settings import Settings


def report(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes build/reports.

    Raises:
        PlatformError: a page could not be written; the others were.
    """
    session = Session(settings)
    with session.step("Serveur PostgreSQL"):
        access = session.open_database()
    session.enter(access)
    manifest = read_manifest(settings)
    with session.step("Rapports"):
        reports = write_reports(settings, access.conninfo(), manifest, datetime.now(UTC))
    print(f"\n{reports}\nOuvrez ces fichiers dans un navigateur.", flush=True)
    if reports.faults:
        raise PlatformError(
            counted(
                len(reports.faults),
                "rapport n'a pas pu être écrit ; les autres le sont.",
                "rapports n'ont pas pu être écrits ; les autres le sont.",
            ),
            "Suivez ce que disent les lignes ci-dessus, puis relancez make report.",
        )
    return 0
