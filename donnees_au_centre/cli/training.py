"""`training`: sheets to print, slides and the page of the community, made from files only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from donnees_au_centre.catalogue import describe
from donnees_au_centre.catalogue.last_runs import read_knowledge
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.learning.training import write_training
from donnees_au_centre.settings import Settings

FOLDER = "formation"


def training(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes build/formation; opens no database.

    Args:
        settings: build/ and target/ tell the last runs of this database.

    Raises:
        PlatformError: the project does not parse, or a page of docs/apprendre is not written as it must be.
    """
    session = Session.without_database(settings)
    manifest = parse_or_fail(session).manifest
    with session.step("Fiches et diaporama"):
        found = describe(settings, manifest, read_knowledge(settings), datetime.now().astimezone())
        page = write_training(settings.root, found, settings.build / FOLDER)
    print(f"\nSe former : {page}\nOuvrez-le dans un navigateur ; une fiche s'imprime sur une page A4.")
    return 0
