"""Every report about quality and runs, each by itself: one that fails takes no other with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from donnees_au_centre.errors import PlatformError
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.refusals import describe_error
from donnees_au_centre.settings import Settings

FOLDER = "reports"
# Reads what it needs, writes below the folder, returns the file to open first.
Writer = Callable[[psycopg.Connection, Manifest, Path, datetime], Path]


@dataclass(frozen=True)
class Reports:
    """What could be written.

    Attributes:
        written: French title -> the file to open.
        faults: what could not be, in French.
        notices: what somebody should know, in French; nothing failed.
    """

    written: Mapping[str, Path]
    faults: tuple[str, ...]
    notices: tuple[str, ...] = ()

    def __str__(self) -> str:
        """One line a page, for the terminal."""
        pages = (f"{title} : {path}" for title, path in self.written.items())
        return "\n".join([*pages, *self.notices, *self.faults])


def write_reports(settings: Settings, conninfo: str, manifest: Manifest, now: datetime) -> Reports:
    """Writes every page, each by itself: one that fails takes no other with it.

    Args:
        settings: build/ receives the pages.
        conninfo: to the database of the history; the role `rapport` is enough for the pages, not for the
            workbooks of the stewards.
        now: the moment the pages speak of, with a time zone.
    """
    written: dict[str, Path] = {}
    faults: list[str] = []
    notices: list[str] = []
    for title, write in writers(settings, conninfo, notices).items():
        try:
            with psycopg.connect(conninfo, connect_timeout=10) as connection:
                connection.read_only = True
                written[title] = write(connection, manifest, settings.build / FOLDER, now)
        except (psycopg.errors.InvalidSchemaName, psycopg.errors.UndefinedTable):
            faults.append(
                f"{title} : pas encore d'histoire dans cette base.\n"
                "Que faire : lancez make demo ou make build, puis make report."
            )
        # Whatever a page trips over, the others and the run that asked for them go on.
        except Exception as error:
            faults.append(f"{title} : {reason(error)}")
    return Reports(written, tuple(faults), tuple(notices))


def writers(settings: Settings, conninfo: str, notices: list[str]) -> dict[str, Writer]:
    """French title -> what writes the page, in this order: the managers' pages lead to Elementary's.

    Args:
        settings, conninfo: as in `write_reports`.
        notices: receives what somebody should know.
    """

    def managers(_connection: psycopg.Connection, manifest: Manifest, folder: Path, now: datetime) -> Path:
        from donnees_au_centre.pages.managers import write_managers_reports

        done = write_managers_reports(settings, conninfo, manifest, folder, now)
        notices.extend(done.notices)
        return done.page

    return {"Rapport Elementary": elementary, "Qualité des données": managers}


def elementary(connection: psycopg.Connection, manifest: Manifest, folder: Path, now: datetime) -> Path:
    """Writes Elementary's own page (English): docs/gestionnaire/lire-le-rapport-elementary.md explains it."""
    # Imported here: other pages do not need it.
    from donnees_au_centre.pages.elementary import write_report

    return write_report(connection, manifest, folder / "elementary.html", now)


def reason(error: Exception) -> str:
    """An error in French, with what to do."""
    if isinstance(error, PlatformError):
        return str(error)
    return (
        f"la page n'a pas pu être écrite ({describe_error(error)}).\n"
        "Que faire : relancez make report ; si cela dure, prévenez l'équipe Plateforme."
    )
