"""`contracts`: each public mart as a data contract that other tools read, from files only."""

from __future__ import annotations

import json
from collections.abc import Mapping

from donnees_au_centre.administration import ours
from donnees_au_centre.catalogue.dcat import FILE as OPEN_DATA
from donnees_au_centre.catalogue.dcat import open_catalogue
from donnees_au_centre.catalogue.odcs import STANDARD, contract_texts, write_texts
from donnees_au_centre.cli.access import read_files
from donnees_au_centre.cli.session import Session, parse_or_fail
from donnees_au_centre.french import counted
from donnees_au_centre.project.consumers import read_consumers
from donnees_au_centre.project.contracts import read_contracts
from donnees_au_centre.project.nodes import Manifest
from donnees_au_centre.settings import Settings

FOLDER = "contracts"


def contracts(settings: Settings, _options: Mapping[str, str]) -> int:
    """Writes build/contracts; opens no database.

    Raises:
        PlatformError: the project, the declared access, a contract or a consumer cannot be read.
    """
    session = Session.without_database(settings)
    manifest = parse_or_fail(session).manifest
    with session.step("Contrats de données"):
        texts = texts_of(settings, manifest)
        write_texts(texts, settings.build / FOLDER)
        offered = settings.build / FOLDER / OPEN_DATA
        offered.unlink(missing_ok=True)
        if said := open_catalogue(manifest, read_consumers(settings.root), ours()):
            offered.write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(
        f"\n{counted(len(texts), 'contrat', 'contrats')} (Open Data Contract Standard {STANDARD}) : "
        f"{settings.build / FOLDER}\nPour les faire valider : datacontract lint <fichier>."
        + (f"\nDonnées ouvertes (DCAT-AP 3), pour un portail : {offered}" if said else "")
    )
    return 0


def texts_of(settings: Settings, manifest: Manifest) -> dict[str, str]:
    """The contracts, by their path below the folder.

    Raises:
        PlatformError: the declared access, a contract or a consumer cannot be read.
    """
    root = settings.root
    return contract_texts(
        manifest, read_files(settings, manifest), read_contracts(root), read_consumers(root)
    )
