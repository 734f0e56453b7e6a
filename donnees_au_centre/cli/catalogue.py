"""`catalogue`: the site where people find the data sets, made from files only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from donnees_au_centre.catalogue import describe
from donnees_au_centre.catalogue.last_runs import read_knowledge
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.pages.catalogue import write_site
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings

FOLDER = "catalogue"


def catalogue(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes build/catalogue; opens no database.

    Raises:
        PlatformError: the project does not parse.
    """
    session = Session.without_database(settings)
    manifest = parse_or_fail(session).manifest
    with session.step("Catalogue"):
        page = write_catalogue(settings, manifest)
    print(f"\nCatalogue des données : {page}\nOuvrez ce fichier dans un navigateur.")
    return 0


def write_catalogue(settings: Settings, manifest: Manifest) -> Path:
    """Writes the site and returns its first page.

    Args:
        settings: build/ and target/ tell the last runs of this database.
    """
    now = datetime.now().astimezone()
    return write_site(describe(settings, manifest, read_knowledge(settings), now), settings.build / FOLDER)
