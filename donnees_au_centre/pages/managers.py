"""The reports of managers and stewards: workbooks first, since the pages tell what these say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from donnees_au_centre.catalogue.labels import full_name
from donnees_au_centre.french import counted
from donnees_au_centre.pages.quality import write_pages
from donnees_au_centre.pages.workbooks import Workbooks, write_workbooks
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.quality.reading import read_quality
from donnees_au_centre.settings import Settings

PAGES, WORKBOOKS = "qualite", "gestionnaires"


@dataclass(frozen=True)
class ManagersReports:
    """What was written.

    Attributes:
        page: of the ministry.
        workbooks: of the stewards, with what they must know.
        folder: where the workbooks are.
    """

    page: Path
    workbooks: Workbooks
    folder: Path

    @property
    def notices(self) -> list[str]:
        """For the terminal, in French: where the workbooks are, how many new notes they held, and more."""
        notes = counted(self.workbooks.noted, "nouvelle note lue", "nouvelles notes lues")
        return [f"Classeurs des gestionnaires : {self.folder} ({notes})", *self.workbooks.messages]


def write_managers_reports(
    settings: Settings, conninfo: str, manifest: Manifest, folder: Path, now: datetime
) -> ManagersReports:
    """Writes <folder>/gestionnaires, then <folder>/qualite.

    Args:
        settings: of the checkout; the environment holds the PG* variables, for tests that dbt compiles.
        conninfo: of an account that reads the history, takes the stewards' roles and writes in `plateforme`.
        folder: build/reports.
        now: the moment the reports speak of, with its time zone.

    Raises:
        psycopg.Error: the database cannot be reached, or has no history.
    """
    # Imported here: dbt takes seconds, which a run without such a test need not pay.
    from donnees_au_centre.pages.workbooks.compilation import compile_tests

    with psycopg.connect(conninfo, connect_timeout=10) as connection:
        quality = read_quality(connection, manifest, now)
    workbooks = write_workbooks(
        conninfo, manifest, quality, folder / WORKBOOKS, lambda wanted: compile_tests(settings, wanted)
    )
    drawings = settings.target_path / "dessins.json"
    page = write_pages(quality, folder / PAGES, workbooks.answers, full_names(manifest), drawings)
    return ManagersReports(page, workbooks, folder / WORKBOOKS)


def full_names(manifest: Manifest) -> dict[str, str]:
    """Domain -> its name in full, as its dbt group says it."""
    return {name: full_name(name, group.description) for name, group in manifest.groups.items()}
